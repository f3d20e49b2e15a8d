using Microsoft.Extensions.Logging;
using OffLM.Edge.Metering;

namespace OffLM.Edge.Network.Receipts;

/// <summary>
/// Records which batches the broker took, several with one write, and a moment later: those that were settled meanwhile cost none. Losing
/// it costs nothing, as what is only signed is sent again as well.
/// </summary>
internal sealed partial class SentRecorder(Ledger ledger, Func<ulong> now, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan After = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly HashSet<ulong> _taken = [];
    private long _since;

    /// <summary>How long until there is something to record; null while there is nothing.</summary>
    public TimeSpan? UntilDue
    {
        get
        {
            lock (_gate)
            {
                return _taken.Count == 0 ? null : After - time.GetElapsedTime(_since) is { Ticks: > 0 } left ? left : TimeSpan.Zero;
            }
        }
    }

    /// <summary>The broker took a batch.</summary>
    public void Add(ulong batch)
    {
        lock (_gate)
        {
            _since = _taken.Count == 0 ? time.GetTimestamp() : _since;
            _taken.Add(batch);
        }
    }

    /// <summary>A batch has its verdict: that it was sent is of no interest any more.</summary>
    public void Remove(ulong batch)
    {
        lock (_gate)
        {
            _taken.Remove(batch);
        }
    }

    /// <summary>Records what has been taken.</summary>
    public async Task RecordAsync()
    {
        ulong[] taken;
        lock (_gate)
        {
            taken = [.. _taken];
            _taken.Clear();
        }

        if (taken.Length == 0)
        {
            return;
        }

        try
        {
            await ledger.MarkSentAsync(taken, now());
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerFullException)
        {
            LogNotRecorded(taken.Length, e.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "That {Count} batches were sent could not be recorded; they are sent again: {Reason}")]
    private partial void LogNotRecorded(int count, string reason);
}
