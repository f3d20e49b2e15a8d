using System.Globalization;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering;

/// <summary>What is not kept for ever.</summary>
public sealed partial class Ledger
{
    /// <summary>
    /// Reduces signed receipts of own use, and settled ones of others, to their leaves once they are older than the retention, and forgets
    /// their salts. Receipts stay provable by their leaves. Goes batch by batch, so that requests get their turn in between.
    /// </summary>
    /// <param name="before">Unix milliseconds: own use signed earlier, and other batches settled earlier.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <returns>How many receipts collapsed.</returns>
    public async Task<int> CollapseAsync(ulong before, CancellationToken cancellation = default)
    {
        var total = 0;
        ulong? after = null;
        do
        {
            cancellation.ThrowIfCancellationRequested();
            (after, var collapsed) = await _writer.RunAsync(connection => CollapseNext(connection, after, before));
            total += collapsed;
        }
        while (after is not null);

        if (total > 0)
        {
            await FoldAsync();
        }

        return total;
    }

    /// <summary>Deletes a receipt's salts and replay record for good: nobody can open its commitments any more.</summary>
    /// <returns>False if there were none.</returns>
    public async Task<bool> ForgetAsync(Bytes32 request)
    {
        var found = await _writer.RunAsync(connection => DeleteSalts(connection, request));
        if (found)
        {
            // The write-ahead log still has the pages as they were.
            await FoldAsync();
        }

        return found;
    }

    /// <summary>Empties the write-ahead log; false if a reader keeps it in use.</summary>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    public Task<bool> FoldAsync() => _writer.RunOutsideAsync(connection => connection.FoldLog());

    /// <summary>Collapses what is old enough in the next batch that has anything left to collapse.</summary>
    /// <returns>The batch's number, or null when there is none; how many receipts collapsed.</returns>
    private static (ulong? Batch, int Collapsed) CollapseNext(SqliteConnection connection, ulong? after, ulong before)
    {
        // Up to this batch everything has collapsed. Later ones are looked at each time: one that is never settled must not keep the
        // own use behind it.
        var done = Collapsed(connection);
        var batch = FirstBatch(connection.Prepare($"SELECT {StoredBatch.Columns} FROM batches WHERE batch > ?1 ORDER BY batch LIMIT 1")
            .Bind(1, (long)(after ?? done)));
        if (batch is null)
        {
            return (null, 0);
        }

        var settled = batch.State == BatchState.Settled && batch.ChangedAt < before;
        var (collapsed, pending) = (0, false);
        for (var sequence = batch.Batch.FirstSequence; sequence < FirstOpen(batch); sequence++)
        {
            if (FindReceipt(connection, sequence) is not { Receipt: { } receipt } row)
            {
                continue;
            }

            if (settled || (receipt.IsOwnUse && batch.Batch.ClosedAt < before))
            {
                Store(connection, receipt.Sequence, receipt.Request, row.Caller, row.Leaf, null);
                DeleteSalts(connection, receipt.Request);
                connection.Prepare("DELETE FROM retries WHERE request = ?1").Bind(1, receipt.Request.AsSpan()).Run();
                collapsed++;
            }
            else
            {
                pending = true;
            }
        }

        if (!pending && batch.Batch.Batch == done + 1)
        {
            SetCollapsed(connection, batch.Batch.Batch);
        }

        return (batch.Batch.Batch, collapsed);
    }

    private static ulong Collapsed(SqliteConnection connection) =>
        ulong.TryParse(GetMeta(connection, "collapsed"), CultureInfo.InvariantCulture, out var stored) ? stored : 0;

    private static void SetCollapsed(SqliteConnection connection, ulong batch) =>
        SetMeta(connection, "collapsed", batch.ToString(CultureInfo.InvariantCulture));

    /// <summary>Forgets what opens a receipt's commitments, also where its hold still says it.</summary>
    /// <returns>False if there was nothing to forget.</returns>
    private static bool DeleteSalts(SqliteConnection connection, Bytes32 request)
    {
        if (!HasReceipt(connection, request.AsSpan()))
        {
            return false;
        }

        DeleteHold(connection, request.AsSpan());
        connection.Prepare("DELETE FROM salts WHERE sequence = (SELECT sequence FROM receipts WHERE request = ?1)").Bind(1, request.AsSpan()).Run();
        return connection.Changes > 0;
    }
}
