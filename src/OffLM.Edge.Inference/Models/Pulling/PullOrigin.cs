namespace OffLM.Edge.Inference;

/// <summary>Which repository a model was pulled from, in a small file beside its folder: the manifest can't say it, since its digest is the model's id. It
/// counts for the model of that id only, so that one that somebody puts in its place later is not taken for it.</summary>
internal static class PullOrigin
{
    private const string Prefix = ".pulled-";

    /// <param name="folder">The model's.</param>
    /// <param name="id">The model's; null if its manifest can't be read.</param>
    /// <returns>Null if it is not known.</returns>
    internal static string? Of(string folder, string? id)
    {
        try
        {
            return File.ReadAllText(FileOf(folder)).Split('\n', 2) is [var known, { Length: > 0 } origin] && (id is null || id == known) ? origin : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Remembers it.</summary>
    internal static void Write(string folder, string id, string origin) => File.WriteAllText(FileOf(folder), $"{id}\n{origin}");

    /// <summary>Forgets it: the model is gone.</summary>
    internal static void Forget(string folder) => File.Delete(FileOf(folder));

    private static string FileOf(string folder) => Path.Combine(Path.GetDirectoryName(folder)!, Prefix + Path.GetFileName(folder));
}
