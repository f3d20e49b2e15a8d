namespace OffLM.Edge.Inference;

/// <summary>A folder of the store that should be a model: what its manifest says, whose files are not looked at.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Stamp">Its manifest's, before that was read.</param>
/// <param name="Model">What the manifest says; null if it can't be read.</param>
/// <param name="Damage">Why it can't be read.</param>
internal sealed record ModelFolder(string Path, FileStamp Stamp, StoredModel? Model, ModelDamagedException? Damage)
{
    /// <summary>The folder as it is now.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="now">The time.</param>
    /// <param name="known">As it was before, if it was there: its manifest is not read again if it is the same file.</param>
    /// <returns>Null if there is no manifest.</returns>
    internal static ModelFolder? Look(string path, DateTime now, ModelFolder? known)
    {
        var manifest = new FileInfo(ManifestOf(path));
        if (!manifest.Exists)
        {
            return null;
        }

        var stamp = FileStamp.Of(manifest, now);
        if (known is { Damage: null } && known.Stamp.Proves(stamp))
        {
            return known;
        }

        try
        {
            return new ModelFolder(path, stamp, ModelStore.Read(path), null);
        }
        catch (ModelDamagedException e)
        {
            return new ModelFolder(path, stamp, null, e);
        }
    }

    /// <summary>True if the manifest is still the file that was read.</summary>
    internal bool IsUnchanged(DateTime now)
    {
        var manifest = new FileInfo(ManifestOf(Path));
        return Damage is null && manifest.Exists && Stamp.Proves(FileStamp.Of(manifest, now));
    }

    private static string ManifestOf(string path) => System.IO.Path.Combine(path, ModelManifest.FileName);
}
