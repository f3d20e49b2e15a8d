namespace OffLM.Edge.Bench.Parts;

/// <summary>How much is measured.</summary>
/// <param name="Rounds">Pairs of baseline and ours.</param>
/// <param name="Quick">True to see that everything works, rather than for figures.</param>
internal sealed record Effort(int Rounds, bool Quick)
{
    public static readonly Effort Full = new(9, Quick: false);
    public static readonly Effort Fast = new(3, Quick: true);

    /// <summary>The larger number, or the smaller one for a quick run.</summary>
    public int Size(int full, int quick) => Quick ? quick : full;
}
