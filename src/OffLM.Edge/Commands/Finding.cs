namespace OffLM.Edge.Commands;

/// <summary>How bad a finding of <c>doctor</c> is.</summary>
internal enum Grade
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>To be known.</summary>
    Note,

    /// <summary>To be mended.</summary>
    Bad,
}

/// <summary>Something that <c>doctor</c> found.</summary>
/// <param name="Grade">How bad it is.</param>
/// <param name="About">What it is about, in a word.</param>
/// <param name="Message">What was found, and what to do.</param>
internal sealed record Finding(Grade Grade, string About, string Message);
