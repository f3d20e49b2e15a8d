using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>
/// A ledger that was restored from an old copy lacks batches that the network has settled, and what it signs next are forks: other batches
/// under numbers that are taken. With a collector's signed word of the network's last batch, and its owner's consent, it goes on behind it.
/// </summary>
public sealed partial class Ledger
{
    /// <summary>Keeps a verdict as evidence that this ledger was rolled back, if it is. From then on nothing is signed, until <see cref="AcceptRollbackAsync"/>.</summary>
    /// <param name="acknowledgement">A settled verdict on a batch of this node; that the collector is trusted is the caller's to know.</param>
    /// <param name="signature">The collector's.</param>
    /// <param name="collector">Who must have signed.</param>
    /// <param name="domain">The network it is for.</param>
    /// <param name="lastSequence">The last receipt in that batch, as the collector says beside its signature.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <exception cref="ArgumentException">The verdict is no settlement, or not signed by the collector.</exception>
    /// <exception cref="FormatException">A row that it must be compared with is damaged.</exception>
    /// <exception cref="LedgerFullException">The disk is full.</exception>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    public Task<EvidenceResult> RecordRollbackEvidenceAsync(
        Acknowledgement acknowledgement, RecoverableSignature signature, Address collector, TypedDomain domain, ulong lastSequence, ulong now)
    {
        var evidence = new RollbackEvidence(acknowledgement, signature, domain, lastSequence, now);
        if (acknowledgement.Verdict != Verdict.Settled || acknowledgement.Batch is 0 or > long.MaxValue)
        {
            throw new ArgumentException("Only a settled verdict on a batch proves that there is one.", nameof(acknowledgement));
        }

        if (evidence.Collector != collector)
        {
            throw new ArgumentException($"The verdict on batch {acknowledgement.Batch} is not signed by {collector}.", nameof(signature));
        }

        return _writer.RunAsync(connection =>
        {
            var result = Judge(connection, evidence);
            if (result == EvidenceResult.Recorded)
            {
                connection.Execute("DELETE FROM rollbacks WHERE accepted = 0");
                evidence.Store(connection, accepted: false);
            }

            return result;
        });
    }

    /// <summary>
    /// Goes on behind the network's last batch: the next batch has the number after it and names it, and holds the receipts from the
    /// sequence number after its last. What this ledger has under taken numbers stays readable and counts as refused.
    /// </summary>
    /// <param name="now">Unix milliseconds.</param>
    /// <returns>How it goes on; null if there is no evidence of a rollback.</returns>
    /// <exception cref="FormatException">The evidence or a batch is damaged.</exception>
    /// <exception cref="LedgerFullException">The disk is full.</exception>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    public Task<AcceptedRollback?> AcceptRollbackAsync(ulong now) => _writer.RunAsync(connection =>
    {
        if (PendingRollback(connection) is not { } evidence)
        {
            return null;
        }

        var forks = Forks(connection, evidence);
        var firstLost = forks.Count > 0 ? forks[0].Batch.FirstSequence : End(connection).NextSequence;
        foreach (var fork in forks)
        {
            SetState(connection, fork with { State = BatchState.Refused, Reason = $"rolled back: the network has another batch {fork.Batch.Batch}", ChangedAt = now });
        }

        // The numbers behind the network's last batch and receipt are needed for what comes.
        connection.Prepare("INSERT INTO forks SELECT NULL, * FROM batches WHERE batch > ?1 OR first + count - 1 > ?2")
            .Bind(1, (long)evidence.Batch).Bind(2, (long)evidence.LastSequence).Run();
        connection.Prepare("DELETE FROM batches WHERE batch > ?1 OR first + count - 1 > ?2")
            .Bind(1, (long)evidence.Batch).Bind(2, (long)evidence.LastSequence).Run();
        connection.Execute("DELETE FROM intents; DELETE FROM rollbacks WHERE accepted = 0");
        SetCollapsed(connection, Math.Min(Collapsed(connection), evidence.Batch));
        var lost = Number(connection.Prepare("SELECT count(*) FROM receipts WHERE sequence BETWEEN ?1 AND ?2")
            .Bind(1, (long)firstLost).Bind(2, (long)evidence.LastSequence));
        var ownLast = Number(connection.Prepare("SELECT coalesce(max(sequence), 0) FROM receipts WHERE sequence <= ?1").Bind(1, (long)evidence.LastSequence));
        (evidence with { OwnLast = ownLast, At = now }).Store(connection, accepted: true);
        FillGap(connection, evidence.LastSequence + 1);
        return new AcceptedRollback(evidence.Batch + 1, evidence.LastSequence + 1, forks.Count, lost);
    });

    /// <summary>Where the chain goes on.</summary>
    /// <exception cref="FormatException">The row that says so is damaged.</exception>
    private static ChainEnd End(SqliteConnection connection)
    {
        var last = Number(connection.Prepare("SELECT coalesce(max(batch), 0) FROM batches"));
        return AcceptedRollback(connection) is { } rollback && rollback.Batch >= last
            ? new(rollback.Batch, rollback.Acknowledgement.BatchHash, rollback.LastSequence + 1)
            : Tip(connection) is { } tip ? new(tip.Batch.Batch, tip.Hash, FirstOpen(tip)) : new(0, default, 1);
    }

    /// <exception cref="LedgerRolledBackException">The network has batches that this ledger lacks, or a card has made signatures that it can't explain.</exception>
    private static void RequireNoRollback(SqliteConnection connection)
    {
        if (PendingRollback(connection) is { } evidence)
        {
            throw LedgerRolledBackException.ByNetwork(evidence.Batch);
        }

        if (PendingGap(connection) is { } gap)
        {
            throw LedgerRolledBackException.ByCounter(gap.Expected, gap.Found);
        }
    }

    /// <summary>True for a receipt that no signature covers: an open one, or one that was passed over by a rollback.</summary>
    private static bool IsUnsigned(SqliteConnection connection, ulong sequence) =>
        sequence >= End(connection).NextSequence
        || (sequence <= AcceptedRollback(connection)?.LastSequence
            && FirstBatch(connection.Prepare($"SELECT {StoredBatch.Columns} FROM batches WHERE first <= ?1 ORDER BY first DESC LIMIT 1").Bind(1, (long)sequence)) is var batch
            && (batch is null || sequence >= FirstOpen(batch)));

    private static EvidenceResult Judge(SqliteConnection connection, RollbackEvidence evidence)
    {
        if (FindBatch(connection, evidence.Batch)?.Hash == evidence.Acknowledgement.BatchHash)
        {
            return EvidenceResult.NoRollback;
        }

        // A batch has 1 to 256 receipts, so what was settled here bounds where the network's batch can end.
        var settled = FirstBatch(connection.Prepare($"SELECT {StoredBatch.Columns} FROM batches WHERE state = 2 ORDER BY batch DESC LIMIT 1"));
        var (number, last) = settled is null ? (0, 0) : (settled.Batch.Batch, FirstOpen(settled) - 1);
        if (number >= evidence.Batch
            || evidence.LastSequence >= long.MaxValue
            || evidence.LastSequence < last + (evidence.Batch - number)
            || evidence.LastSequence - last > (UInt128)ReceiptBatch.MaxReceipts * (evidence.Batch - number))
        {
            return EvidenceResult.Contradiction;
        }

        if (PendingRollback(connection) is { } pending && pending.Batch >= evidence.Batch)
        {
            return EvidenceResult.Known;
        }

        return AcceptedRollback(connection) is { } accepted && accepted.Batch >= evidence.Batch && !MayCorrect(connection, accepted, evidence)
            ? EvidenceResult.Known
            : EvidenceResult.Recorded;
    }

    /// <summary>
    /// True for the same verdict with another last sequence, after the batch that followed the accepted one was refused: on its way through
    /// the broker that number, which is not signed, may have been changed.
    /// </summary>
    private static bool MayCorrect(SqliteConnection connection, RollbackEvidence accepted, RollbackEvidence evidence) =>
        accepted.Acknowledgement == evidence.Acknowledgement
        && accepted.LastSequence != evidence.LastSequence
        && FindBatch(connection, accepted.Batch + 1)?.State == BatchState.Refused;

    /// <summary>
    /// The batches that the network has others for: from the first that was refused, or that stands where the network's stands, or that
    /// reaches beyond it. Those before may have been settled without this copy's knowledge; they are sent again, and answered.
    /// </summary>
    /// <exception cref="FormatException">One is damaged.</exception>
    private static List<StoredBatch> Forks(SqliteConnection connection, RollbackEvidence evidence)
    {
        var forks = new List<StoredBatch>();
        var rows = connection.Prepare(
            $"""
            SELECT {StoredBatch.Columns} FROM batches
            WHERE batch >= (SELECT min(batch) FROM batches WHERE batch > ?3 AND (state = 3 OR batch >= ?1 OR first + count - 1 > ?2)) ORDER BY batch
            """)
            .Bind(1, (long)evidence.Batch).Bind(2, (long)evidence.LastSequence)
            .Bind(3, (long)Number(connection.Prepare("SELECT coalesce(max(batch), 0) FROM batches WHERE state = 2")));
        while (rows.Step())
        {
            forks.Add(StoredBatch.Read(rows));
        }

        return forks;
    }

    /// <summary>Void receipts where numbers were passed over, so that those behind can be signed: a batch has no gaps.</summary>
    private static void FillGap(SqliteConnection connection, ulong from)
    {
        var first = Number(connection.Prepare("SELECT coalesce(min(sequence), 0) FROM receipts WHERE sequence >= ?1").Bind(1, (long)from));
        for (var sequence = from; sequence < first; sequence++)
        {
            Insert(connection, "", VoidReceipt(Bytes32.Random()) with { Sequence = sequence });
        }
    }

    private static RollbackEvidence? PendingRollback(SqliteConnection connection) =>
        RollbackEvidence.First(connection.Prepare($"SELECT {RollbackEvidence.Columns} FROM rollbacks WHERE accepted = 0"));

    private static RollbackEvidence? AcceptedRollback(SqliteConnection connection) =>
        RollbackEvidence.First(connection.Prepare($"SELECT {RollbackEvidence.Columns} FROM rollbacks WHERE accepted = 1 ORDER BY batch DESC LIMIT 1"));

    private static ulong Number(SqliteStatement row)
    {
        row.Step();
        var value = (ulong)row.Integer(0);
        row.Reset();
        return value;
    }

    /// <summary>What the next batch follows.</summary>
    /// <param name="Batch">The last batch's number; 0 before the first.</param>
    /// <param name="Hash">Its struct hash.</param>
    /// <param name="NextSequence">The first receipt behind it.</param>
    private readonly record struct ChainEnd(ulong Batch, Bytes32 Hash, ulong NextSequence);
}
