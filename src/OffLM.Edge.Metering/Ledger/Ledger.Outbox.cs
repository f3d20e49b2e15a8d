using System.Globalization;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>
/// How far each batch has come. The ledger is the outbox: what is not settled or refused is sent again, and verdicts may come late,
/// twice or in any order.
/// </summary>
public sealed partial class Ledger
{
    /// <summary>The batch whose verdict was recorded last.</summary>
    internal const string LastVerdictKey = "verdict";

    /// <summary>Records that batches were published. Those not just signed, unknown or damaged are passed over.</summary>
    /// <param name="batches">Their numbers.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <returns>How many changed.</returns>
    /// <exception cref="LedgerFullException">The disk is full; they stay signed, which only means that they are sent again.</exception>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    public Task<int> MarkSentAsync(IReadOnlyList<ulong> batches, ulong now) => _writer.RunAsync(connection =>
        batches.Count(number => IntactBatch(connection, number) is { State: BatchState.Signed } stored
            && SetState(connection, stored with { State = BatchState.Sent, ChangedAt = now })));

    /// <summary>
    /// Records a collector's verdict. Settled stays settled whatever comes later; refused gives way only to settled.
    /// </summary>
    /// <param name="batch">Its number.</param>
    /// <param name="hash">Its struct hash, so that a batch of another history is not taken for it.</param>
    /// <param name="verdict">Settled or refused.</param>
    /// <param name="reason">For a refusal, why. What can't be printed becomes a space, and it is cut to <see cref="BatchReason.MaxLength"/>.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <exception cref="ArgumentException">The state is no verdict.</exception>
    /// <exception cref="FormatException">The batch's row is damaged: it is mended by the next check, sent again, and answered again.</exception>
    /// <exception cref="LedgerFullException">The disk is full; the batch is sent again, and answered again.</exception>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    public Task<Resolution> ResolveAsync(ulong batch, Bytes32 hash, BatchState verdict, string reason, ulong now)
    {
        if (verdict is not (BatchState.Settled or BatchState.Refused))
        {
            throw new ArgumentException($"A verdict is {BatchState.Settled} or {BatchState.Refused}, not {verdict}.", nameof(verdict));
        }

        var clean = BatchReason.Clean(reason);
        return _writer.RunAsync(connection =>
        {
            if (FindBatch(connection, batch) is not { } stored)
            {
                return Resolution.UnknownBatch;
            }

            if (stored.Hash != hash)
            {
                return Resolution.OtherHash;
            }

            if (stored.State == verdict)
            {
                return Resolution.Unchanged;
            }

            if (stored.State == BatchState.Settled)
            {
                return Resolution.Contradiction;
            }

            SetState(connection, stored with { State = verdict, Reason = clean, ChangedAt = now });
            SetMeta(connection, LastVerdictKey, batch.ToString(CultureInfo.InvariantCulture));
            return Resolution.Applied;
        });
    }

    /// <summary>
    /// Turns refused batches back into signed ones, for an operator who has mended what they were refused for: they are sent again. Not those
    /// that a rollback made an end of.
    /// </summary>
    /// <param name="batch">Only this one; null for all.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <returns>How many there were.</returns>
    /// <exception cref="LedgerFullException">The disk is full.</exception>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    public Task<int> ReopenRefusedAsync(ulong? batch, ulong now) => _writer.RunAsync(connection =>
    {
        var numbers = new List<ulong>();
        var first = Math.Max(batch ?? 0, (AcceptedRollback(connection)?.Batch ?? 0) + 1);
        var rows = connection.Prepare("SELECT batch FROM batches INDEXED BY batches_refused WHERE state = 3 AND batch BETWEEN ?1 AND ?2")
            .Bind(1, (long)first).Bind(2, batch is { } only ? (long)only : long.MaxValue);
        while (rows.Step())
        {
            numbers.Add((ulong)rows.Integer(0));
        }

        return numbers.Count(number => IntactBatch(connection, number) is { State: BatchState.Refused } stored
            && SetState(connection, stored with { State = BatchState.Signed, Reason = "", ChangedAt = now }));
    });

    /// <exception cref="FormatException">Its row is damaged.</exception>
    private static StoredBatch? FindBatch(SqliteConnection connection, ulong number) =>
        FirstBatch(connection.Prepare($"SELECT {StoredBatch.Columns} FROM batches WHERE batch = ?1").Bind(1, (long)number));

    /// <summary>A batch; null if there is none, or its row is damaged: then the check names it.</summary>
    private static StoredBatch? IntactBatch(SqliteConnection connection, ulong number)
    {
        var row = connection.Prepare($"SELECT {StoredBatch.Columns} FROM batches WHERE batch = ?1").Bind(1, (long)number);
        var stored = row.Step() ? StoredBatch.TryRead(row, out _) : null;
        row.Reset();
        return stored;
    }

    /// <summary>Writes the columns that may change after signing.</summary>
    /// <returns>True, so that it can be counted.</returns>
    private static bool SetState(SqliteConnection connection, StoredBatch changed)
    {
        connection.Prepare("UPDATE batches SET state = ?2, reason = ?3, changed = ?4, crc = ?5 WHERE batch = ?1")
            .Bind(1, (long)changed.Batch.Batch).Bind(2, (long)changed.State).Bind(3, changed.Reason).Bind(4, (long)changed.ChangedAt)
            .Bind(5, changed.Checksum()).Run();
        return true;
    }
}
