using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace OffLM.Edge.Inference;

/// <summary>A folder of model folders, each with its manifest. Folders whose name begins with a dot are never models: half-pulled
/// ones are called <c>.partial-…</c>.</summary>
/// <param name="folder">Need not exist yet.</param>
public sealed class ModelStore(string folder)
{
    internal const string PartialPrefix = ".partial-";

    /// <summary>Files whose digest was checked in this process: path to size and time.</summary>
    private readonly ConcurrentDictionary<string, FileStamp> _verified = new();

    /// <summary>Where the models are.</summary>
    public string Folder => folder;

    /// <summary>The complete models, by name. Those with a bad manifest, or whose files have other sizes, are in <see cref="Problems"/>.</summary>
    public IReadOnlyList<StoredModel> List() => Scan().Models;

    /// <summary>Folders that should be models but can't be used, with the reason.</summary>
    public IReadOnlyList<string> Problems() => Scan().Problems;

    /// <summary>Finds a model by its name, with or without <c>:latest</c>, or by its id.</summary>
    /// <exception cref="ModelNotFoundException">None has it, or several do.</exception>
    public StoredModel Find(string name)
    {
        var (models, problems) = Scan();
        var found = models.Where(m => m.Id == name || ModelName.AreSame(m.Name, name)).ToList();
        if (found.Count == 1)
        {
            return found[0];
        }

        if (found.Count > 1)
        {
            var ids = string.Join(", ", found.Select(m => m.Id));
            throw new ModelNotFoundException($"{found.Count} models are called \"{name}\"; use an id instead: {ids}.");
        }

        var known = models.Count == 0 ? "there are none here; pull one first" : "there are " + string.Join(", ", models.Select(m => m.Name));
        var broken = problems.Count == 0 ? "" : " These can't be used: " + string.Join(" ", problems);
        throw new ModelNotFoundException($"No model is called \"{name}\"; {known}.{broken}");
    }

    /// <summary>Compares every file's digest with the manifest. A file that passed is not read again in this process while its size and
    /// time stay the same.</summary>
    /// <param name="model">What to check.</param>
    /// <param name="force">True to read everything again.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="ModelDamagedException">Names the first file that differs and both digests, or that the manifest doesn't know.</exception>
    public Task VerifyAsync(StoredModel model, bool force, CancellationToken cancellationToken) =>
        VerifyAsync(model, force, cancellationToken, ignored: null);

    /// <param name="ignored">A file that may be there though the manifest doesn't know it.</param>
    internal async Task VerifyAsync(StoredModel model, bool force, CancellationToken cancellationToken, string? ignored)
    {
        RefuseUnknownFiles(model, ignored);
        foreach (var (path, expected) in model.Manifest.Files)
        {
            var file = CheckSize(model.Folder, path, expected);
            var stamp = new FileStamp(file.Length, file.LastWriteTimeUtc, expected.Sha256);
            if (!force && _verified.TryGetValue(file.FullName, out var known) && known == stamp)
            {
                continue;
            }

            _verified.TryRemove(file.FullName, out _);
            await using var stream = file.OpenRead();
            var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
            if (digest != expected.Sha256)
            {
                throw new ModelDamagedException(
                    $"{file.FullName} is not what the manifest of {model.Name} says: its SHA-256 is {digest}, expected was {expected.Sha256}. "
                    + "Remove the model and pull it again.");
            }

            _verified[file.FullName] = stamp;
        }
    }

    /// <summary>Deletes a model's folder. It first stops being a model, so that a crash leaves no half of one in the list.</summary>
    public void Remove(StoredModel model)
    {
        File.Delete(Path.Combine(model.Folder, ModelManifest.FileName));
        Directory.Delete(model.Folder, recursive: true);
    }

    internal static StoredModel Open(string modelFolder)
    {
        var manifestPath = Path.Combine(modelFolder, ModelManifest.FileName);
        var json = File.ReadAllBytes(manifestPath);
        var manifest = ManifestFormat.Read(json, manifestPath);
        foreach (var (path, file) in manifest.Files)
        {
            CheckSize(modelFolder, path, file);
        }

        return new StoredModel(
            manifest.Name, ManifestFormat.Id(json, manifestPath), modelFolder, manifest,
            manifest.Files.Values.Sum(f => f.Bytes), new DateTimeOffset(File.GetLastWriteTimeUtc(manifestPath), TimeSpan.Zero));
    }

    /// <summary>A file beside the listed ones could be loaded by the engine without having been checked.</summary>
    private static void RefuseUnknownFiles(StoredModel model, string? ignored)
    {
        foreach (var file in Directory.EnumerateFiles(model.Folder, "*", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(model.Folder, file).Replace(Path.DirectorySeparatorChar, '/');
            if (path != ModelManifest.FileName && path != ignored && !model.Manifest.Files.ContainsKey(path))
            {
                throw new ModelDamagedException($"{file} is not in the manifest of {model.Name}. Remove the file, or pull the model again.");
            }
        }
    }

    private static FileInfo CheckSize(string modelFolder, string path, ModelFile expected)
    {
        var file = new FileInfo(Path.Combine(modelFolder, path));
        if (!file.Exists)
        {
            throw new ModelDamagedException($"{file.FullName} is missing; {expected.Bytes} bytes were expected. Remove the model and pull it again.");
        }

        return file.Length == expected.Bytes
            ? file
            : throw new ModelDamagedException(
                $"{file.FullName} has {file.Length} bytes; {expected.Bytes} were expected. Remove the model and pull it again.");
    }

    private (List<StoredModel> Models, List<string> Problems) Scan()
    {
        List<StoredModel> models = [];
        List<string> problems = [];
        foreach (var modelFolder in Directory.Exists(folder) ? Directory.GetDirectories(folder) : [])
        {
            if (Path.GetFileName(modelFolder).StartsWith('.') || !File.Exists(Path.Combine(modelFolder, ModelManifest.FileName)))
            {
                continue;
            }

            try
            {
                models.Add(Open(modelFolder));
            }
            catch (ModelDamagedException e)
            {
                problems.Add(e.Message);
            }
            catch (IOException e)
            {
                problems.Add($"{modelFolder}: {e.Message}");
            }
        }

        models.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return (models, problems);
    }

    private readonly record struct FileStamp(long Bytes, DateTime WrittenAt, string Sha256);
}
