using OffLM.Edge.Inference.Interop.LibC;

namespace OffLM.Edge.Inference;

/// <summary>
/// The models below a folder, by name. There may be thousands, and each request asks for one or two: so manifests are kept, and read again where their
/// file is another than it was. Which folders there are tells the time of the folder that they are in; what one of them is, its manifest's.
/// </summary>
/// <param name="folder">Need not exist yet.</param>
/// <param name="clock">What time it is.</param>
internal sealed class ModelListing(string folder, TimeProvider clock)
{
    /// <summary>A manifest that somebody writes over, where it lies, changes no folder's time. If it takes the name of a model that is asked for
    /// meanwhile, that is noticed so much later at the latest; looking at thousands of manifests takes some milliseconds.</summary>
    internal static readonly TimeSpan LooksAgainAfter = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private volatile Look _last = new([], null, null);

    /// <summary>All folders that should be models, as they are now.</summary>
    internal IReadOnlyCollection<ModelFolder> All() => LookAgain().Folders.Values;

    /// <summary>The models of a name or id, as they are now.</summary>
    internal IReadOnlyList<ModelFolder> Called(string name)
    {
        var last = _last;
        var found = last.Called(name);
        return found.Count > 0
            && clock.GetElapsedTime(last.At ?? 0) < LooksAgainAfter
            && last.Entries == FileStamp.Of(folder)
            && found.All(f => f.IsUnchanged())
            ? found
            : LookAgain().Called(name);
    }

    private Look LookAgain()
    {
        var asked = clock.GetTimestamp();
        lock (_gate)
        {
            // Of those who ask at the same time, one looks for all.
            return _last.At > asked ? _last : _last = LookNow();
        }
    }

    private Look LookNow()
    {
        var (at, now) = (clock.GetTimestamp(), clock.GetUtcNow().UtcDateTime);
        var entries = FileStamp.Of(folder);
        var folders = new Dictionary<string, ModelFolder>(_last.Folders.Count, StringComparer.Ordinal);
        foreach (var path in entries is not null ? Directory.GetDirectories(folder) : [])
        {
            if (!Path.GetFileName(path).StartsWith('.') && ModelFolder.Look(path, now, _last.Folders.GetValueOrDefault(path)) is { } found)
            {
                folders.Add(path, found);
            }
        }

        return new Look(folders, entries is { } stamp && stamp.IsSettled(now) ? stamp : null, at);
    }

    /// <summary>What was seen.</summary>
    private sealed class Look
    {
        /// <summary>Each model under its name and under its id.</summary>
        private readonly Dictionary<string, List<ModelFolder>> _names = new(StringComparer.OrdinalIgnoreCase);

        /// <param name="folders">By their path.</param>
        /// <param name="entries">The stamp of the folder that they are in, before they were listed; null if it may change without getting another.</param>
        /// <param name="at">When it began; null if nothing was looked at.</param>
        internal Look(Dictionary<string, ModelFolder> folders, FileStamp? entries, long? at)
        {
            (Folders, Entries, At) = (folders, entries, at);
            foreach (var found in folders.Values)
            {
                if (found.Model is { } model)
                {
                    Add(ModelName.Normalize(model.Name), found);
                    Add(model.Id, found);
                }
            }
        }

        internal Dictionary<string, ModelFolder> Folders { get; }

        internal FileStamp? Entries { get; }

        internal long? At { get; }

        internal List<ModelFolder> Called(string name) => _names.TryGetValue(ModelName.Normalize(name), out var found)
            ? found.FindAll(f => f.Model!.IsCalled(name))
            : [];

        private void Add(string name, ModelFolder folder)
        {
            if (_names.TryGetValue(name, out var same))
            {
                same.Add(folder);
            }
            else
            {
                _names.Add(name, [folder]);
            }
        }
    }
}
