using System.Collections.Concurrent;
using System.Security.Cryptography;
using OffLM.Edge.Inference.Interop.LibC;

namespace OffLM.Edge.Inference;

/// <summary>A folder of model folders, each with its manifest. Folders whose name begins with a dot are never models: half-pulled
/// ones are called <c>.partial-…</c>.</summary>
/// <param name="folder">Need not exist yet.</param>
/// <param name="clock">For how long what was seen holds; null for the system's.</param>
public sealed class ModelStore(string folder, TimeProvider? clock = null)
{
    internal const string PartialPrefix = ".partial-";

    /// <summary>Names that a message tells: there may be thousands of adapters.</summary>
    private const int MostNamesTold = 20;

    /// <summary>Of a model whose manifest can't be read.</summary>
    private static readonly string NoId = new('0', 64);

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly ModelListing _listing = new(folder, clock ?? TimeProvider.System);

    /// <summary>Files whose digest was checked in this process, by path.</summary>
    private readonly ConcurrentDictionary<string, VerifiedStamp> _verified = new();

    /// <summary>Where the models are.</summary>
    public string Folder => folder;

    /// <summary>The complete models, by name. Those with a bad manifest, or whose files have other sizes, are in <see cref="Problems"/>.</summary>
    public IReadOnlyList<StoredModel> List() => ByName(_listing.All());

    /// <summary>Folders that should be models but can't be used, with the reason and the place: for the owner.</summary>
    public IReadOnlyList<string> Problems() => [.. Sort(_listing.All()).Damaged.Select(d => d.OwnerMessage)];

    /// <summary>Finds a model by its name, with or without <c>:latest</c>, or by its id. Of copies, which have the same id, the first folder's is used.</summary>
    /// <exception cref="ModelNotFoundException">None has it, or several do.</exception>
    /// <exception cref="ModelDamagedException">The only one that has it is damaged.</exception>
    public StoredModel Find(string name)
    {
        var (found, damaged) = Sort(_listing.Called(name));
        return found.Count > 0 ? Single(found, name) : throw (damaged.Count > 0 ? damaged[0] : Missing(name));
    }

    /// <summary>Finds a model as <see cref="Find"/> does, and also one that is damaged: by its manifest, or, if that can't be read, by its folder's name.
    /// It then has neither files nor an id.</summary>
    /// <exception cref="ModelNotFoundException">None has it, or several do.</exception>
    public StoredModel FindToRemove(string name)
    {
        var called = _listing.Called(name);
        var whole = Sort(called).Models;
        if (whole.Count > 0)
        {
            return Single(whole, name);
        }

        if (called.Count > 0)
        {
            return Single([.. InOrder(called).Select(f => f.Model!).DistinctBy(m => m.Id)], name);
        }

        var unreadable = Unreadable(name, _listing.All()) ?? throw Missing(name);
        var folderName = Path.GetFileName(unreadable.Path);
        return new StoredModel(
            folderName, NoId, unreadable.Path, new ModelManifest { Name = folderName, Files = new Dictionary<string, ModelFile>() }, 0, default);
    }

    /// <summary>Compares every file's digest with the manifest. A file that passed is not read again in this process while nobody
    /// changes it.</summary>
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
            var file = CheckSize(model, path, expected);
            var now = _clock.GetUtcNow().UtcDateTime;
            var stamp = FileStamp.Of(file.FullName);
            if (!force && _verified.TryGetValue(file.FullName, out var known) && known.File == stamp && known.Sha256 == expected.Sha256)
            {
                continue;
            }

            _verified.TryRemove(file.FullName, out _);
            await using var stream = file.OpenRead();
            var digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
            if (digest != expected.Sha256)
            {
                throw new ModelDamagedException(
                    model.Name, $"its file {path} is not what its manifest says: the SHA-256 is {digest}, expected was {expected.Sha256}", model.Folder);
            }

            if (stamp is { } read && read.IsSettled(now))
            {
                _verified[file.FullName] = new VerifiedStamp(read, digest);
            }
        }
    }

    /// <summary>Deletes a model's folder. It first stops being a model, so that a crash leaves no half of one in the list. If the folder is a link, only
    /// that goes: what it leads to is not the store's.</summary>
    public void Remove(StoredModel model)
    {
        if (new DirectoryInfo(model.Folder).LinkTarget is not null)
        {
            File.Delete(model.Folder);
        }
        else
        {
            File.Delete(Path.Combine(model.Folder, ModelManifest.FileName));
            Directory.Delete(model.Folder, recursive: true);
        }

        PullOrigin.Forget(model.Folder);
    }

    /// <summary>Removes the half-pulled models that nobody went on with for 14 days.</summary>
    public void RemoveForgottenPulls() => PartialFolder.RemoveForgotten(folder, _clock.GetUtcNow());

    /// <summary>The names of the folders that hold the model, or a copy of it, in order.</summary>
    public IReadOnlyList<string> CopiesOf(StoredModel model) =>
        [.. InOrder(_listing.Called(model.Id)).Select(f => Path.GetFileName(f.Path))];

    /// <summary>All folders that should be models, as they are now.</summary>
    internal IReadOnlyCollection<ModelFolder> Folders() => _listing.All();

    /// <exception cref="ModelDamagedException">It has no manifest, or its files have other sizes.</exception>
    internal static StoredModel Open(string modelFolder)
    {
        var model = Read(modelFolder);
        CheckSizes(model);
        return model;
    }

    /// <summary>What the manifest says; its files are not looked at.</summary>
    /// <exception cref="ModelDamagedException">It can't be read.</exception>
    internal static StoredModel Read(string modelFolder)
    {
        try
        {
            var manifestPath = Path.Combine(modelFolder, ModelManifest.FileName);
            var json = File.ReadAllBytes(manifestPath);
            var manifest = ManifestFormat.Read(json, modelFolder);
            return new StoredModel(
                manifest.Name, ManifestFormat.Id(json, modelFolder), modelFolder, manifest,
                manifest.Files.Values.Sum(f => f.Bytes), new DateTimeOffset(File.GetLastWriteTimeUtc(manifestPath), TimeSpan.Zero));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelDamagedException(Path.GetFileName(modelFolder), $"its {ModelManifest.FileName} can't be read", $"{modelFolder}: {e.Message}");
        }
        catch (OverflowException)
        {
            throw new ModelDamagedException(Path.GetFileName(modelFolder), $"the files in its {ModelManifest.FileName} are larger than files can be", modelFolder);
        }
    }

    /// <summary>A file beside the listed ones could be loaded by the engine without having been checked.</summary>
    private static void RefuseUnknownFiles(StoredModel model, string? ignored)
    {
        foreach (var file in Directory.EnumerateFiles(model.Folder, "*", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(model.Folder, file).Replace(Path.DirectorySeparatorChar, '/');
            if (path != ModelManifest.FileName && path != ignored && !model.Manifest.Files.ContainsKey(path))
            {
                throw new ModelDamagedException(model.Name, $"its folder has a file {path}, which is not in its manifest", model.Folder);
            }
        }
    }

    private static void CheckSizes(StoredModel model)
    {
        foreach (var (path, file) in model.Manifest.Files)
        {
            CheckSize(model, path, file);
        }
    }

    private static FileInfo CheckSize(StoredModel model, string path, ModelFile expected)
    {
        var file = new FileInfo(Path.Combine(model.Folder, path));
        var problem = !file.Exists ? "is missing" : file.Length != expected.Bytes ? $"has {file.Length} bytes" : null;
        return problem is null
            ? file
            : throw new ModelDamagedException(model.Name, $"its file {path} {problem}; {expected.Bytes} bytes were expected", model.Folder);
    }

    private static List<StoredModel> ByName(IEnumerable<ModelFolder> folders)
    {
        var models = Sort(folders).Models;
        models.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return models;
    }

    private static IEnumerable<ModelFolder> InOrder(IEnumerable<ModelFolder> folders) => folders.OrderBy(f => f.Path, StringComparer.Ordinal);

    /// <summary>Tells the complete models, each once, from those whose manifest can't be read, or whose files have other sizes.</summary>
    private static (List<StoredModel> Models, List<ModelDamagedException> Damaged) Sort(IEnumerable<ModelFolder> folders)
    {
        List<StoredModel> models = [];
        List<ModelDamagedException> damaged = [];
        HashSet<string> ids = [];
        foreach (var found in InOrder(folders))
        {
            try
            {
                var model = found.Model ?? throw found.Damage!;
                CheckSizes(model);
                if (ids.Add(model.Id))
                {
                    models.Add(model);
                }
            }
            catch (ModelDamagedException e)
            {
                damaged.Add(e);
            }
        }

        return (models, damaged);
    }

    private static StoredModel Single(List<StoredModel> models, string name) => models.Count == 1
        ? models[0]
        : throw new ModelNotFoundException($"{models.Count} models are called \"{name}\"; use an id instead: {string.Join(", ", models.Select(m => m.Id))}.");

    /// <summary>The folder whose manifest can't be read, and in which a model of this name would be.</summary>
    private static ModelFolder? Unreadable(string name, IEnumerable<ModelFolder> folders) =>
        InOrder(folders.Where(f => f.Damage is not null)).FirstOrDefault(f => Path.GetFileName(f.Path) is var folder && (folder == name || ModelName.IsFolderOf(name, folder)));

    /// <summary>Why no manifest that can be read has this name: the model's can't, or it isn't here.</summary>
    private InferenceException Missing(string name)
    {
        var folders = _listing.All();
        if (Unreadable(name, folders) is { } unreadable)
        {
            return unreadable.Damage!;
        }

        var known = ByName(folders);
        var names = string.Join(", ", known.Take(MostNamesTold).Select(m => m.Name));
        var more = known.Count > MostNamesTold ? $" and {known.Count - MostNamesTold} more" : "";
        return new ModelNotFoundException($"No model is called \"{name}\"; {(known.Count == 0 ? "there are none here; pull one first" : $"there are {names}{more}")}.");
    }

    private readonly record struct VerifiedStamp(FileStamp File, string Sha256);
}
