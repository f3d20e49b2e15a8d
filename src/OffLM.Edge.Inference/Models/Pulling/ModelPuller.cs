namespace OffLM.Edge.Inference;

/// <summary>Fetches models into the store. An interrupted pull is kept aside and continued by the next one; a model appears in the
/// store only when it is whole and checked.</summary>
public sealed class ModelPuller
{
    /// <summary>Left free on the disk: the ledger lives there too.</summary>
    private const long DiskReserveBytes = 256L << 20;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    private readonly ModelStore _store;
    private readonly HttpClient _http;
    private readonly PullRetry _retry;
    private readonly TimeProvider _clock;
    private readonly Func<string, long> _freeBytes;

    /// <param name="store">Where models go.</param>
    /// <param name="http">Redirects must be followed; its timeout must allow for large files (<see cref="Timeout.InfiniteTimeSpan"/>).</param>
    /// <param name="clock">For pauses and silence.</param>
    public ModelPuller(ModelStore store, HttpClient http, TimeProvider clock)
        : this(store, http, new PullRetry(clock, FirstPause), clock, folder => new DriveInfo(folder).AvailableFreeSpace)
    {
    }

    internal ModelPuller(ModelStore store, HttpClient http, PullRetry retry, TimeProvider clock, Func<string, long> freeBytes)
    {
        _store = store;
        _http = http;
        _retry = retry;
        _clock = clock;
        _freeBytes = freeBytes;
    }

    /// <summary>Fetches a model; what was pulled from the same repository before, under the same name, is replaced when the new one is whole.</summary>
    /// <param name="request">Which.</param>
    /// <param name="progress">Told about every piece that arrives.</param>
    /// <param name="cancellationToken">Interrupts the pull; the next one continues it.</param>
    /// <exception cref="ModelPullException">It can't be fetched, is no model, or has another model's name; says why.</exception>
    public async Task<StoredModel> PullAsync(PullRequest request, IProgress<PullProgress>? progress, CancellationToken cancellationToken)
    {
        var partial = Path.Combine(_store.Folder, ModelStore.PartialPrefix + InstallPlace.FolderFor(request, request.DefaultName));
        try
        {
            PartialFolder.RemoveForgotten(_store.Folder, _clock.GetUtcNow(), Path.GetFileName(partial));
            var manifest = Path.Combine(partial, ModelManifest.FileName);
            using (PartialFolder.Open(partial, request))
            {
                var repository = new Repository(_http, request);
                var files = await _retry.RunAsync(_ => repository.ListAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
                files = ModelIn(request, files);
                RemoveStrangers(partial, files);
                if (files[0].Path != ModelManifest.FileName)
                {
                    InstallPlace.Of(_store, request, request.DefaultName);
                }

                var digests = await FetchAllAsync(request, repository, partial, files, progress, cancellationToken).ConfigureAwait(false);
                if (!digests.Remove(ModelManifest.FileName))
                {
                    await File.WriteAllBytesAsync(
                        manifest, ManifestFormat.Write(PulledManifest.Generate(partial, request.DefaultName, digests)), cancellationToken).ConfigureAwait(false);
                }

                await CheckAsync(partial, cancellationToken).ConfigureAwait(false);
            }

            return Install(request, partial);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What the system says names places on this machine; the cause tells the owner.
            var what = e is UnauthorizedAccessException ? "this program may not write there" : "writing there failed";
            throw new ModelPullException(
                $"{request.Repository} can't be kept in the models' folder: {what}. Look whether the disk is full or read-only, and whose the folder is.", e);
        }
        catch (ArgumentException e)
        {
            throw new ModelPullException($"{request.Repository} is not usable: {e.Message}", e);
        }
    }

    private async Task<Dictionary<string, ModelFile>> FetchAllAsync(
        PullRequest request, Repository repository, string partial, IReadOnlyList<RepositoryFile> files, IProgress<PullProgress>? progress, CancellationToken cancellationToken)
    {
        var downloads = files.Select(f => new FileDownload(_http, repository.AddressOf(f), f, Path.Combine(partial, f.Path), _clock)).ToList();
        var total = files.Sum(f => f.Bytes);
        RequireSpace(total - downloads.Sum(d => d.Present));
        var digests = new Dictionary<string, ModelFile>();
        var before = 0L;
        foreach (var (file, download) in files.Zip(downloads))
        {
            var digest = await _retry.RunAsync(
                advanced => download.FetchAsync(
                    position =>
                    {
                        advanced(position);
                        progress?.Report(new PullProgress(file.Path, position, file.Bytes, before + position, total, file.Sha256));
                    },
                    cancellationToken),
                cancellationToken).ConfigureAwait(false);
            digests[file.Path] = new ModelFile(digest, file.Bytes);
            before += file.Bytes;
            if (file.Path == ModelManifest.FileName)
            {
                InstallPlace.Of(_store, request, NameIn(partial));
            }
        }

        return digests;
    }

    /// <summary>The files that make the model; its manifest first, which says whether the rest is wanted.</summary>
    private static IReadOnlyList<RepositoryFile> ModelIn(PullRequest request, IReadOnlyList<RepositoryFile> files)
    {
        if (files.Any(f => f.Path is GenAiSettings.FileName or ModelManifest.FileName))
        {
            return [.. files.Where(f => f.Path == ModelManifest.FileName), .. files.Where(f => f.Path != ModelManifest.FileName)];
        }

        if (PulledEncoder.Select(files) is { } encoder)
        {
            return encoder;
        }

        var suffix = "/" + GenAiSettings.FileName;
        var folders = files.Where(f => f.Path.EndsWith(suffix, StringComparison.Ordinal)).Select(f => f.Path[..^suffix.Length]).ToList();
        throw new ModelPullException(
            $"{request.Repository} has no {GenAiSettings.FileName} {(request.Subfolder.Length == 0 ? "at its top" : "in " + request.Subfolder)}, "
            + "which an ONNX Runtime GenAI model has, nor modules.json with tokenizer.json and onnx/model.onnx, which a model for embeddings has. "
            + (folders.Count == 0 ? "It is no model for this engine." : $"Models are in its folders {string.Join(", ", folders)}: name one."));
    }

    private void RequireSpace(long bytes)
    {
        var free = _freeBytes(_store.Folder);
        if (bytes + DiskReserveBytes > free)
        {
            throw new ModelPullException(
                $"The disk of the models' folder has {free >> 20} MiB free; {bytes >> 20} MiB are still to come and {DiskReserveBytes >> 20} MiB must stay free. "
                + "Remove a model, or name a larger disk.");
        }
    }

    /// <summary>Deletes what an earlier revision left behind.</summary>
    private static void RemoveStrangers(string partial, IReadOnlyList<RepositoryFile> files)
    {
        var expected = files.SelectMany(f => new[] { f.Path, f.Path + ".part" }).Append(PartialFolder.LockFile).ToHashSet();
        foreach (var path in Directory.GetFiles(partial, "*", SearchOption.AllDirectories))
        {
            if (!expected.Contains(Path.GetRelativePath(partial, path).Replace(Path.DirectorySeparatorChar, '/')))
            {
                File.Delete(path);
            }
        }
    }

    /// <summary>A repository's own manifest must fit the files that came.</summary>
    private async Task CheckAsync(string partial, CancellationToken cancellationToken)
    {
        try
        {
            await _store.VerifyAsync(ModelStore.Open(partial), force: true, cancellationToken, ignored: PartialFolder.LockFile).ConfigureAwait(false);
        }
        catch (ModelDamagedException e)
        {
            throw Unfit(e);
        }
    }

    private static string NameIn(string partial)
    {
        try
        {
            return ModelStore.Read(partial).Name;
        }
        catch (ModelDamagedException e)
        {
            throw Unfit(e);
        }
    }

    private static ModelPullException Unfit(ModelDamagedException error) =>
        new($"The manifest in the repository does not fit its files: {error.Problem}.", error);

    /// <summary>The model appears, or replaces what came from its repository before, by renaming.</summary>
    private StoredModel Install(PullRequest request, string partial)
    {
        var model = ModelStore.Open(partial);
        var folder = InstallPlace.Of(_store, request, model.Name);
        var replaced = Path.Combine(_store.Folder, ".replaced-" + Guid.NewGuid().ToString("N"));
        if (Directory.Exists(folder))
        {
            Directory.Move(folder, replaced);
        }

        Directory.Move(partial, folder);
        PullOrigin.Write(folder, model.Id, request.Origin);
        if (Directory.Exists(replaced))
        {
            Directory.Delete(replaced, recursive: true);
        }

        return ModelStore.Open(folder);
    }
}
