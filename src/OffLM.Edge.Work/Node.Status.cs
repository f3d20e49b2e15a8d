using OffLM.Edge.Board.Reports;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Work.Status;

namespace OffLM.Edge.Work;

/// <summary>What the node says of itself.</summary>
public sealed partial class Node
{
    /// <summary>How many refused batches a status names.</summary>
    private const int RefusedShown = 5;

    private Func<NetworkStatus>? _sync;
    private bool _rolledBack;

    /// <summary>Says who knows how the node stands with the network; <see cref="Status"/> asks there.</summary>
    public void Report(Func<NetworkStatus> sync) => Volatile.Write(ref _sync, sync);

    /// <summary>The board at this moment; null for a node without one.</summary>
    public BoardStatus? BoardStatus() => _board?.Status();

    /// <summary>The node at this moment.</summary>
    public NodeStatus Status()
    {
        using var reader = Ledger.Read();
        var (now, source) = _clock.Now();
        var (outbox, sync) = (reader.Outbox(), Volatile.Read(ref _sync)?.Invoke());
        var refused = outbox.Refused == 0 ? [] : reader.LatestRefused(RefusedShown);
        return new NodeStatus
        {
            Version = _options.Version,
            State = Volatile.Read(ref _state),
            Uptime = _clock.Time.GetElapsedTime(_startedAt),
            Time = DateTimeOffset.FromUnixTimeMilliseconds((long)now),
            Clock = source,
            Ledger = reader.Summary(),
            Outbox = outbox,
            Refused = refused,
            IsRolledBack = IsRolledBackIn(reader),
            Sync = sync,
            Key = Key.Uri,
            Address = Key.Address,
            Network = _options.Domain,
            Running = _book.Count,
            RunningForOthers = _book.CountForOthers,
            LoadedModels = Models.Loaded,
            Problems = [.. Problems(reader), .. RefusedProblem(outbox, refused), .. sync?.Problems ?? []],
        };
    }

    private IEnumerable<string> Problems(LedgerReader reader)
    {
        if (RollbackProblem(reader) is { } rollback)
        {
            yield return rollback;
        }

        if (_guard.PaidProblem is { } ledger)
        {
            yield return ledger;
        }

        if (_storage.Problem is { } storage)
        {
            yield return storage;
        }

        if (Key.Problem is { } key)
        {
            yield return key;
        }

        foreach (var problem in _board?.Problems() ?? [])
        {
            yield return problem;
        }

        foreach (var problem in Store.Problems())
        {
            yield return problem;
        }
    }

    private static string? RollbackProblem(LedgerReader reader)
    {
        try
        {
            return reader.RollbackEvidence() is { } evidence ? LedgerRolledBackException.Describe(evidence.Batch) : null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    /// <summary>True while the network or the card knows of batches that the ledger lacks, and the owner has not accepted that.</summary>
    public bool IsRolledBack
    {
        get
        {
            try
            {
                using var reader = Ledger.Read();
                Volatile.Write(ref _rolledBack, IsRolledBackIn(reader));
            }
            catch (Exception e) when (e is LedgerUnavailableException or SqliteException)
            {
                // The ledger can't be read just now; what was known of it still holds.
            }

            return Volatile.Read(ref _rolledBack);
        }
    }

    /// <summary>A damaged row of evidence is evidence enough to say so.</summary>
    private bool IsRolledBackIn(LedgerReader reader)
    {
        try
        {
            // Of the card's counter as admission sees it: what is said to be stopped is stopped.
            return _guard.IsRolledBack || reader.RollbackEvidence() is not null;
        }
        catch (FormatException)
        {
            return true;
        }
    }

    private static IEnumerable<string> RefusedProblem(OutboxSummary outbox, IReadOnlyList<StoredBatch> refused)
    {
        if (refused is [var newest, ..])
        {
            yield return $"The network refused {(outbox.Refused == 1 ? "a batch" : $"{outbox.Refused} batches")} of receipts, last batch {newest.Batch.Batch}: "
                + $"{(newest.Reason.Length > 0 ? newest.Reason.TrimEnd('.') : "no reason was given")}. When the reason is mended, 'offlm-edge receipts resend' sends them again.";
        }
    }
}
