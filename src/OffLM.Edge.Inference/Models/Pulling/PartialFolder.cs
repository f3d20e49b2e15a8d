namespace OffLM.Edge.Inference;

/// <summary>A half-pulled model's folder while it is pulled: nobody else may write to it or remove it meanwhile. It stays for the next pull only if something
/// was fetched.</summary>
internal sealed class PartialFolder : IDisposable
{
    internal const string LockFile = ".lock";

    /// <summary>Nobody goes on with a pull after so long.</summary>
    internal static readonly TimeSpan ForgottenAfter = TimeSpan.FromDays(14);

    private readonly FileStream _lock;

    private PartialFolder(string path, FileStream held) => (Path, _lock) = (path, held);

    /// <summary>Where it is.</summary>
    internal string Path { get; }

    /// <exception cref="ModelPullException">It is being pulled already.</exception>
    internal static PartialFolder Open(string path, PullRequest request)
    {
        Directory.CreateDirectory(path);
        try
        {
            return new PartialFolder(path, Lock(path));
        }
        catch (IOException e)
        {
            throw new ModelPullException($"{request.Repository} is being pulled already.", e);
        }
    }

    /// <summary>Removes the half-pulled models that nobody touched for a long time.</summary>
    /// <param name="store">The folder of models.</param>
    /// <param name="now">The time.</param>
    /// <param name="wanted">The name of the folder that stays all the same; null for none.</param>
    internal static void RemoveForgotten(string store, DateTimeOffset now, string? wanted = null)
    {
        foreach (var path in FoldersIn(store))
        {
            try
            {
                if (System.IO.Path.GetFileName(path) != wanted && now.UtcDateTime - LastTouched(path) > ForgottenAfter)
                {
                    using var held = Lock(path);
                    Directory.Delete(path, recursive: true);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It is being pulled, or can't be removed: then it stays.
            }
        }
    }

    /// <summary>Lets the next pull have it, or removes it if nothing was kept of any file.</summary>
    public void Dispose()
    {
        try
        {
            if (Directory.Exists(Path) && Files(Path).All(file => file.Length == 0))
            {
                Directory.Delete(Path, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another pull begins there, or it can't be removed: then it stays.
        }

        _lock.Dispose();
    }

    private static FileStream Lock(string path) =>
        new(System.IO.Path.Combine(path, LockFile), FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);

    private static string[] FoldersIn(string store)
    {
        try
        {
            return Directory.GetDirectories(store, ModelStore.PartialPrefix + "*");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static DateTime LastTouched(string path)
    {
        var last = Directory.GetLastWriteTimeUtc(path);
        foreach (var file in Files(path))
        {
            last = file.LastWriteTimeUtc > last ? file.LastWriteTimeUtc : last;
        }

        return last;
    }

    private static IEnumerable<FileInfo> Files(string path) => new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories);
}
