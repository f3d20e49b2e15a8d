using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>From receipts to signed batches.</summary>
public sealed partial class Ledger
{
    /// <summary>
    /// Forms the next batch from the oldest open receipts and stores it as an intent, before the key is asked to sign it. An intent
    /// left by a crash is replaced: what it named was never stored as signed. Damaged rows on the way are mended, or become void.
    /// </summary>
    /// <param name="seal">Who signs, when, and for which network.</param>
    /// <returns>The batch to sign; null if no receipt is open.</returns>
    /// <exception cref="FormatException">The row of the batch before is damaged.</exception>
    /// <exception cref="LedgerRolledBackException">The network has batches that this ledger lacks, or the card's counter is not where it should be.</exception>
    public Task<ReceiptBatch?> PrepareBatchAsync(BatchSeal seal) => _writer.CloseOutAsync(connection =>
    {
        RequireNoRollback(connection);
        if (seal.KeyClass == KeyClass.SmartCard)
        {
            RequireCounter(connection, seal.Node, seal.KeyCounter);
        }

        var end = End(connection);
        var (leaves, fees) = OpenReceipts(connection, end.NextSequence);
        if (leaves.Count == 0)
        {
            return null;
        }

        var batch = new ReceiptBatch
        {
            Node = seal.Node,
            Batch = end.Batch + 1,
            Previous = end.Hash,
            FirstSequence = end.NextSequence,
            Count = (uint)leaves.Count,
            Root = new MerkleTree([.. leaves]).Root,
            Fees = fees,
            ClosedAt = seal.ClosedAt,
            Clock = seal.Clock,
            Boot = seal.Boot,
            KeyClass = seal.KeyClass,
            KeyCounter = seal.KeyCounter,
        };
        var (body, contract) = (TypedStruct.ToBytes(batch), seal.Domain.VerifyingContract);
        connection.Execute("DELETE FROM intents");
        connection.Prepare("INSERT INTO intents(batch, body, chain, contract, crc) VALUES(?1, ?2, ?3, ?4, ?5)")
            .Bind(1, (long)batch.Batch).Bind(2, body).Bind(3, (long)seal.Domain.ChainId).Bind(4, contract.AsSpan())
            .Bind(5, IntentChecksum((long)batch.Batch, body, (long)seal.Domain.ChainId, contract.AsSpan())).Run();
        if (batch.KeyClass == KeyClass.SmartCard)
        {
            new KnownCounter(batch.KeyCounter, Asked: true).Store(connection, batch.Node);
        }

        return batch;
    });

    /// <summary>The intent that a crash may have left: the key was perhaps asked to sign it. Null if there is none, or it is damaged.</summary>
    public Task<ReceiptBatch?> PendingIntentAsync() => _writer.RunAsync(Intent);

    /// <summary>Stores a signed batch in place of its intent. Asked again with the same batch, gives what is stored.</summary>
    /// <exception cref="InvalidOperationException">It isn't the next of the chain, or is not of the receipts as they are now.</exception>
    /// <exception cref="ArgumentException">The signature is not the node's.</exception>
    /// <exception cref="FormatException">The row of the batch before is damaged.</exception>
    public Task<StoredBatch> StoreBatchAsync(ReceiptBatch batch, RecoverableSignature signature, TypedDomain domain) => _writer.CloseOutAsync(connection =>
    {
        var hash = TypedStruct.Hash(batch);
        if (FindBatch(connection, batch.Batch) is { } present && present.Hash == hash)
        {
            return present;
        }

        var end = End(connection);
        if (batch.Batch != end.Batch + 1 || batch.FirstSequence != end.NextSequence || batch.Previous != end.Hash)
        {
            throw new InvalidOperationException($"Batch {batch.Batch} from receipt {batch.FirstSequence} does not follow batch {end.Batch}, which ends before {end.NextSequence}.");
        }

        if (RootOf(connection, end.NextSequence, batch.Count) != batch.Root)
        {
            throw new InvalidOperationException($"Batch {batch.Batch} is not of the receipts as they are now: one was damaged since. Prepare it again.");
        }

        if (signature.Recover(domain.Digest(hash)) != batch.Node)
        {
            throw new ArgumentException($"The signature of batch {batch.Batch} is not by its node, {batch.Node}.", nameof(signature));
        }

        var stored = new StoredBatch(batch, hash, signature, domain, BatchState.Signed, "", batch.ClosedAt);
        Store(connection, stored);
        connection.Execute("DELETE FROM intents");
        if (batch.KeyClass == KeyClass.SmartCard)
        {
            new KnownCounter(batch.KeyCounter + 1, Asked: false).Store(connection, batch.Node);
        }

        return stored;
    });

    private static ReceiptBatch? Intent(SqliteConnection connection)
    {
        var row = connection.Prepare("SELECT batch, body, chain, contract, crc FROM intents ORDER BY batch DESC LIMIT 1");
        var body = row.Step() && row.Integer(4) == IntentChecksum(row.Integer(0), row.Blob(1), row.Integer(2), row.Blob(3)) ? row.Blob(1) : null;
        row.Reset();
        return body is null ? null : TypedStruct.FromBytes<ReceiptBatch>(body);
    }

    /// <summary>The last batch; null before the first.</summary>
    /// <exception cref="FormatException">Its row is damaged: the chain can't go on from it before it is mended.</exception>
    private static StoredBatch? Tip(SqliteConnection connection) =>
        FirstBatch(connection.Prepare($"SELECT {StoredBatch.Columns} FROM batches ORDER BY batch DESC LIMIT 1"));

    private static ulong FirstOpen(StoredBatch tip) => tip.Batch.FirstSequence + tip.Batch.Count;

    private static StoredBatch? FirstBatch(SqliteStatement row)
    {
        try
        {
            return row.Step() ? StoredBatch.Read(row) : null;
        }
        finally
        {
            row.Reset();
        }
    }

    private static (List<Bytes32> Leaves, UInt128 Fees) OpenReceipts(SqliteConnection connection, ulong first)
    {
        var (leaves, fees) = (new List<Bytes32>(), UInt128.Zero);
        for (var sequence = first; leaves.Count < ReceiptBatch.MaxReceipts; sequence++)
        {
            if (FindReceipt(connection, sequence) is not { } stored)
            {
                break;
            }

            if (stored is { Receipt: null, Damage: null })
            {
                // Own use, collapsed in a batch that had to make room after a rollback: nobody owed for it.
                leaves.Add(stored.Leaf);
                continue;
            }

            var receipt = stored.Receipt ?? MendOpen(connection, sequence)
                ?? throw new InvalidOperationException($"Receipt {sequence} is open but has no content.");
            if (UInt128.MaxValue - fees < receipt.Fee)
            {
                break;
            }

            leaves.Add(TypedStruct.Hash(receipt));
            fees += receipt.Fee;
        }

        return (leaves, fees);
    }

    /// <summary>The root over the stored leaves; null if rows are missing.</summary>
    private static Bytes32? RootOf(SqliteConnection connection, ulong first, uint count)
    {
        var leaves = new List<Bytes32>();
        var rows = connection.Prepare("SELECT leaf FROM receipts WHERE sequence >= ?1 AND sequence < ?2 ORDER BY sequence")
            .Bind(1, (long)first).Bind(2, (long)(first + count));
        while (rows.Step())
        {
            var leaf = rows.Blob(0);
            leaves.Add(leaf.Length == Bytes32.Size ? new(leaf) : default);
        }

        return leaves.Count == count && count > 0 ? new MerkleTree([.. leaves]).Root : null;
    }

    private static void Store(SqliteConnection connection, StoredBatch stored)
    {
        var (batch, body, contract) = (stored.Batch, TypedStruct.ToBytes(stored.Batch), stored.Domain.VerifyingContract);
        connection.Prepare(
            """
            INSERT OR REPLACE INTO batches(batch, first, count, body, hash, signature, chain, contract, state, reason, changed, crc)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
            """)
            .Bind(1, (long)batch.Batch).Bind(2, (long)batch.FirstSequence).Bind(3, batch.Count).Bind(4, body).Bind(5, stored.Hash.AsSpan())
            .Bind(6, stored.Signature.AsSpan()).Bind(7, (long)stored.Domain.ChainId).Bind(8, contract.AsSpan()).Bind(9, (long)stored.State)
            .Bind(10, stored.Reason).Bind(11, (long)stored.ChangedAt).Bind(12, stored.Checksum()).Run();
    }

    internal static long IntentChecksum(long batch, ReadOnlySpan<byte> body, long chain, ReadOnlySpan<byte> contract) =>
        new RowChecksum().Add(batch).Add(body).Add(chain).Add(contract).Value;
}

/// <summary>What a batch says beside its receipts.</summary>
/// <param name="Node">The signing key's address.</param>
/// <param name="KeyClass">What holds the key.</param>
/// <param name="KeyCounter">Its signature counter, read before this signature.</param>
/// <param name="ClosedAt">Unix milliseconds.</param>
/// <param name="Clock">What that time is worth.</param>
/// <param name="Boot">The node's boot count.</param>
/// <param name="Domain">The network.</param>
public sealed record BatchSeal(Address Node, KeyClass KeyClass, uint KeyCounter, ulong ClosedAt, ClockSource Clock, uint Boot, TypedDomain Domain);
