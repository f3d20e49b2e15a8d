namespace OffLM.Edge.Work.Running;

/// <summary>Watches the free space where the ledger is. Admission stops before writing does, so that what runs can be closed.</summary>
/// <param name="folder">A folder on that disk.</param>
/// <param name="minimumBytes">Below this no new request is taken.</param>
/// <param name="time">For asking the disk at most once a second.</param>
public sealed class StorageGuard(string folder, long minimumBytes, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private long _lastAsked;
    private string? _problem;
    private bool _asked;

    /// <summary>Why no new request is taken; null while there is room.</summary>
    public string? Problem
    {
        get
        {
            lock (_gate)
            {
                if (!_asked || time.GetElapsedTime(_lastAsked) >= Interval)
                {
                    _asked = true;
                    _lastAsked = time.GetTimestamp();
                    _problem = Ask();
                }

                return _problem;
            }
        }
    }

    private string? Ask()
    {
        try
        {
            var free = new DriveInfo(folder).AvailableFreeSpace;
            return free >= minimumBytes
                ? null
                : $"The disk that holds {folder} has {free >> 20} MiB left; {minimumBytes >> 20} MiB are needed to write receipts. Free some space.";
        }
        catch (IOException e)
        {
            return $"The disk that holds {folder} can't be read: {e.Message}";
        }
    }
}
