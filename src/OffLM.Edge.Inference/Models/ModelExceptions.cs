namespace OffLM.Edge.Inference;

/// <summary>No model of this name is in the store, or the name fits several.</summary>
public sealed class ModelNotFoundException(string message) : InferenceException(message);

/// <summary>A model that is here can't be used. The message names no place on this machine, so that any caller can be told.</summary>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="place">Where on this machine, perhaps with what a library or the system says; null if there is nothing to add.</param>
/// <param name="inner">The cause.</param>
public abstract class ModelUnusableException(string message, string? place, Exception? inner) : InferenceException(message, inner)
{
    /// <summary>The message with the place: for the owner, the log and the status.</summary>
    public string OwnerMessage { get; } = place is null ? message : $"{message} [{place}]";

    /// <summary>Where on this machine; null if there is nothing to add.</summary>
    protected internal string? Place => place;
}

/// <summary>A model's files don't match its manifest. The message names the model, the file, and both digests or sizes.</summary>
/// <param name="model">Its name.</param>
/// <param name="problem">Which file, and what is wrong with it.</param>
/// <param name="folder">Where it is.</param>
public sealed class ModelDamagedException(string model, string problem, string folder) : ModelUnusableException(
    $"The model {model} is damaged: {problem}. Check it with 'offlm-edge model verify', and fetch it again with 'offlm-edge model pull'.", folder, null)
{
    /// <summary>Which file, and what is wrong with it.</summary>
    internal string Problem => problem;
}

/// <summary>The model's files are as they should be, but the engine can't load it, or it has no engine here.</summary>
public sealed class ModelLoadException(string message, string? place = null, Exception? inner = null) : ModelUnusableException(message, place, inner)
{
    /// <summary>The libraries name files with their whole path; callers get the file only.</summary>
    internal static string WithoutFolder(string message, string folder) => message
        .Replace(folder.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, "", StringComparison.Ordinal)
        .Replace(folder, "its folder", StringComparison.Ordinal);
}

/// <summary>As many models as may be loaded are all in use, and as many requests as may wait do.</summary>
public sealed class ModelBusyException(string message) : InferenceException(message);

/// <summary>A model could not be fetched. What was fetched is kept and resumed by the next pull.</summary>
public sealed class ModelPullException(string message, Exception? inner = null) : InferenceException(message, inner);
