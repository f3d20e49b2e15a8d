namespace OffLM.Edge.Metering.Tests.Ledgers.Faults;

/// <summary>
/// What a disk may hold after a power cut: each file as of its last sync, and of what was asked of it since, anything
/// between nothing and everything. Fed with the operations one by one.
/// </summary>
internal sealed class CrashedDisk
{
    private const int SectorSize = 512;

    private readonly Dictionary<string, FileState> _files = [];
    private FileOperation? _last;

    public void Apply(FileOperation operation)
    {
        _last = operation;
        if (!_files.TryGetValue(operation.File, out var file))
        {
            _files.Add(operation.File, file = new FileState());
        }

        if (operation.Action == FileAction.Sync && operation.File.Contains('-') && file.Pending.Any(o => o.Action == FileAction.Create))
        {
            // SQLite's own layer syncs the folder with the first sync of a new log or journal.
            SyncFolder();
        }

        if (operation.Action == FileAction.Sync || operation is { Action: FileAction.Delete, Offset: 1 })
        {
            file.Pending.Add(operation);
            file.Durable = Replay(file.Durable, file.Pending);
            file.Pending.Clear();
        }
        else
        {
            file.Pending.Add(operation);
        }
    }

    /// <summary>Possible contents, by file name; a missing name is a missing file.</summary>
    /// <param name="seeds">For each a random choice of what reached the disk.</param>
    public IEnumerable<Dictionary<string, byte[]>> States(int[] seeds)
    {
        yield return Build((_, _) => false);
        yield return Build((_, _) => true);
        foreach (var seed in seeds)
        {
            var random = new Random(seed);
            yield return Build((_, _) => random.Next(2) == 0);
        }

        if (_last is { Action: FileAction.Write, Data.Length: > SectorSize } last)
        {
            foreach (var kept in new[] { SectorSize, last.Data.Length / 2 / SectorSize * SectorSize, last.Data.Length - SectorSize }.Distinct())
            {
                yield return Build((_, _) => true, last with { Data = last.Data[..kept] });
            }
        }

        // One file's writes came through, the others' did not: the system writes files in any order.
        foreach (var only in _files.Where(f => f.Value.Pending.Count > 0).Select(f => f.Key).ToArray())
        {
            yield return Build((name, _) => name == only);
        }
    }

    /// <summary>Deletions asked for so far have happened.</summary>
    private void SyncFolder()
    {
        foreach (var file in _files.Values)
        {
            var deletion = file.Pending.FindLastIndex(o => o.Action == FileAction.Delete);
            if (deletion >= 0)
            {
                file.Durable = null;
                file.Pending.RemoveRange(0, deletion + 1);
            }
        }
    }

    private Dictionary<string, byte[]> Build(Func<string, FileOperation, bool> reached, FileOperation? torn = null)
    {
        var disk = new Dictionary<string, byte[]>();
        foreach (var (name, file) in _files)
        {
            var operations = file.Pending.Where(o => reached(name, o)).Select(o => torn is not null && ReferenceEquals(o, _last) ? torn : o);
            if (Replay(file.Durable, operations) is { } content)
            {
                disk.Add(name, content);
            }
        }

        return disk;
    }

    private static byte[]? Replay(byte[]? content, IEnumerable<FileOperation> operations)
    {
        foreach (var o in operations)
        {
            content = o.Action switch
            {
                FileAction.Create => content ?? [],
                FileAction.Delete => null,
                FileAction.Truncate => Resize(content ?? [], (int)o.Offset),
                FileAction.Write => Write(content ?? [], o),
                _ => content,
            };
        }

        return content;
    }

    private static byte[] Resize(byte[] content, int size)
    {
        var resized = new byte[size];
        content.AsSpan(0, Math.Min(size, content.Length)).CopyTo(resized);
        return resized;
    }

    private static byte[] Write(byte[] content, FileOperation o)
    {
        var written = Resize(content, Math.Max(content.Length, (int)o.Offset + o.Data.Length));
        o.Data.CopyTo(written.AsSpan((int)o.Offset));
        return written;
    }

    private sealed class FileState
    {
        public byte[]? Durable { get; set; }

        public List<FileOperation> Pending { get; } = [];
    }
}
