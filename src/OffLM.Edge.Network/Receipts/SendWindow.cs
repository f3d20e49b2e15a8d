namespace OffLM.Edge.Network.Receipts;

/// <summary>
/// The batches that are on their way during one connection: sent, or being sent, and without a verdict. All that sync keeps in memory.
/// For one thread at a time.
/// </summary>
/// <param name="time">For the pauses.</param>
/// <param name="random">From 0 to 1, for their spread.</param>
/// <param name="isNewSession">The broker had not kept the node's session, see <see cref="ResendSchedule"/>.</param>
internal sealed class SendWindow(TimeProvider time, Func<double> random, bool isNewSession = false)
{
    /// <summary>Batches without a verdict. Enough to keep a link with a round trip of a second at 16,000 receipts a second.</summary>
    public const int MaxBatches = 64;

    /// <summary>Their messages together, the last one not counted: bounds what waits in memory until the broker takes it.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>How long nothing is sent after the broker refused a batch; doubles up to <see cref="LongestPause"/>.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly SortedDictionary<ulong, Entry> _entries = [];
    private int _bytes;
    private TimeSpan _pause;
    private long _pausedSince;
    private ulong? _probe;

    public int Count => _entries.Count;

    /// <summary>True while another batch may be taken in.</summary>
    public bool HasRoom => _entries.Count < MaxBatches && _bytes < MaxBytes && !IsHeldBack;

    /// <summary>True if the broker refuses batches: one is tried now and then, the others wait for it.</summary>
    private bool IsHeldBack => _pause > TimeSpan.Zero;

    public bool Contains(ulong batch) => _entries.ContainsKey(batch);

    /// <summary>Takes in a batch that is being sent from now on.</summary>
    public void Add(ulong batch, int bytes)
    {
        _entries.Add(batch, new Entry { Bytes = bytes, IsLeaving = true });
        _bytes += bytes;
    }

    /// <summary>Takes a batch out: it has its verdict, or can't be sent.</summary>
    /// <returns>False if it wasn't in.</returns>
    public bool Remove(ulong batch)
    {
        if (!_entries.Remove(batch, out var entry))
        {
            return false;
        }

        _bytes -= entry.Bytes;
        _probe = _probe == batch ? null : _probe;
        _pause = _entries.Count == 0 ? TimeSpan.Zero : _pause;
        return true;
    }

    /// <summary>The broker took a batch: it is sent again after a pause, unless its verdict comes before.</summary>
    public void Taken(ulong batch)
    {
        if (_entries.TryGetValue(batch, out var entry))
        {
            entry.IsLeaving = false;
            entry.Times++;
            entry.Since = time.GetTimestamp();
            entry.Pause = ResendSchedule.After(entry.Times, random(), isNewSession);
        }

        (_pause, _probe) = (TimeSpan.Zero, null);
    }

    /// <summary>The broker refused a batch, as it would refuse the others: nothing is sent for a while, then one to try.</summary>
    public void HeldBack(ulong batch)
    {
        if (_entries.TryGetValue(batch, out var entry))
        {
            (entry.IsLeaving, entry.Pause) = (false, TimeSpan.Zero);
        }

        // What was on its way together is refused together: that is one refusal, not many.
        if (!IsHeldBack || _probe == batch)
        {
            _pause = IsHeldBack ? TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, _pause.Ticks * 2)) : FirstPause;
            _pausedSince = time.GetTimestamp();
            _probe = null;
        }
    }

    /// <summary>The next batch that is to be sent again now; from here on it counts as being sent.</summary>
    public ulong? TakeDue()
    {
        if (IsHeldBack && (_probe is not null || Left(_pausedSince, _pause) > TimeSpan.Zero))
        {
            return null;
        }

        foreach (var (batch, entry) in _entries)
        {
            if (!entry.IsLeaving && Left(entry.Since, entry.Pause) <= TimeSpan.Zero)
            {
                entry.IsLeaving = true;
                _probe = IsHeldBack ? batch : null;
                return batch;
            }
        }

        return null;
    }

    /// <summary>How long until something is due; null if nothing will be by itself.</summary>
    public TimeSpan? UntilDue()
    {
        if (_probe is not null)
        {
            return null;
        }

        TimeSpan? until = null;
        foreach (var entry in _entries.Values)
        {
            if (!entry.IsLeaving && Left(entry.Since, entry.Pause) is var left && (until is null || left < until))
            {
                until = left;
            }
        }

        return until is { } soonest ? Max(Max(soonest, Left(_pausedSince, _pause)), TimeSpan.Zero) : null;
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private TimeSpan Left(long since, TimeSpan pause) => pause - time.GetElapsedTime(since);

    private sealed class Entry
    {
        public required int Bytes { get; init; }

        /// <summary>True from being given to the connection until the broker took or refused it.</summary>
        public required bool IsLeaving { get; set; }

        /// <summary>How often the broker took it on this connection.</summary>
        public int Times { get; set; }

        /// <summary>When the broker took it last.</summary>
        public long Since { get; set; }

        public TimeSpan Pause { get; set; }
    }
}
