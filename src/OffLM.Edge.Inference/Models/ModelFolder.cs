using OffLM.Edge.Inference.Interop.LibC;

namespace OffLM.Edge.Inference;

/// <summary>A folder of the store that should be a model: what its manifest says, whose files are not looked at.</summary>
internal sealed class ModelFolder
{
    private readonly FileStamp _stamp;
    private readonly bool _isSettled;

    private ModelFolder(string path, FileStamp stamp, DateTime now)
    {
        (Path, _stamp, _isSettled) = (path, stamp, stamp.IsSettled(now));
        try
        {
            Model = ModelStore.Read(path);
        }
        catch (ModelDamagedException e)
        {
            Damage = e;
        }
    }

    /// <summary>Where it is.</summary>
    internal string Path { get; }

    /// <summary>What the manifest says; null if it can't be read.</summary>
    internal StoredModel? Model { get; }

    /// <summary>Why it can't be read.</summary>
    internal ModelDamagedException? Damage { get; }

    /// <summary>The folder as it is now.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="now">The time.</param>
    /// <param name="known">As it was before, if it was there: its manifest is not read again if it is the same file.</param>
    /// <returns>Null if there is no manifest.</returns>
    internal static ModelFolder? Look(string path, DateTime now, ModelFolder? known) =>
        FileStamp.Of(ManifestOf(path)) is not { } stamp ? null
        : known is not null && known.IsAt(stamp) ? known
        : new ModelFolder(path, stamp, now);

    /// <summary>True if the manifest is still the file that was read.</summary>
    internal bool IsUnchanged() => FileStamp.Of(ManifestOf(Path)) is { } stamp && IsAt(stamp);

    /// <summary>What could not be read may be readable now, though it was not changed.</summary>
    private bool IsAt(FileStamp stamp) => Model is not null && _isSettled && _stamp == stamp;

    private static string ManifestOf(string path) => System.IO.Path.Combine(path, ModelManifest.FileName);
}
