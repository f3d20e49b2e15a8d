using System.Globalization;
using OffLM.Edge.Metering.Interop.Sqlite;

namespace OffLM.Edge.Metering;

/// <summary>
/// The batches that the network has yet to answer for. Each query names its partial index, so that what is settled costs nothing
/// however much of it there is. Damaged rows are passed over: the check names and mends them, and one must not hold up the rest.
/// </summary>
public sealed partial class LedgerReader
{
    /// <summary>Batches that are signed or sent, in rising order; at most <see cref="PageSize"/>.</summary>
    /// <param name="after">Only larger numbers; 0 begins with the oldest.</param>
    /// <param name="limit">At most so many.</param>
    public IReadOnlyList<StoredBatch> Unsettled(ulong after, int limit) => ReadIntact(
        _connection.Prepare($"SELECT {StoredBatch.Columns} FROM batches INDEXED BY batches_unsettled WHERE state < 2 AND batch > ?1 ORDER BY batch")
            .Bind(1, (long)Math.Min(after, long.MaxValue)),
        limit);

    /// <summary>Refused batches, the newest first; at most <see cref="PageSize"/>.</summary>
    public IReadOnlyList<StoredBatch> LatestRefused(int limit) => ReadIntact(
        _connection.Prepare($"SELECT {StoredBatch.Columns} FROM batches INDEXED BY batches_refused WHERE state = 3 ORDER BY batch DESC"), limit);

    /// <summary>How much waits for the network, as of one moment.</summary>
    public OutboxSummary Outbox()
    {
        _connection.Execute("BEGIN");
        try
        {
            return OutboxOfSnapshot();
        }
        finally
        {
            _connection.Execute("COMMIT");
        }
    }

    private OutboxSummary OutboxOfSnapshot()
    {
        var row = _connection.Prepare("SELECT count(*), coalesce(sum(count), 0) FROM batches INDEXED BY batches_unsettled WHERE state < 2");
        row.Step();
        var (unsettled, receipts) = ((ulong)row.Integer(0), (ulong)row.Integer(1));
        row.Reset();
        return new(
            unsettled,
            receipts,
            Unsettled(0, 1) is [var oldest] ? new(oldest.Batch.Batch, oldest.Batch.ClosedAt) : null,
            (ulong)Integer("SELECT count(*) FROM batches INDEXED BY batches_refused WHERE state = 3"),
            LastVerdict());
    }

    private LastVerdict? LastVerdict()
    {
        if (!long.TryParse(Meta(Ledger.LastVerdictKey), CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        var found = ReadIntact(_connection.Prepare($"SELECT {StoredBatch.Columns} FROM batches WHERE batch = ?1 AND state >= 2").Bind(1, number), 1);
        return found is [var b] ? new(b.Batch.Batch, b.State, b.Reason, b.ChangedAt) : null;
    }

    private static List<StoredBatch> ReadIntact(SqliteStatement rows, int limit)
    {
        var batches = new List<StoredBatch>();
        while (batches.Count < Math.Clamp(limit, 1, PageSize) && rows.Step())
        {
            if (StoredBatch.TryRead(rows, out _) is { } stored)
            {
                batches.Add(stored);
            }
        }

        rows.Reset();
        return batches;
    }
}
