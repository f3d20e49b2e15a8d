using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>From receipts to signed batches, and what becomes of them.</summary>
public sealed partial class Ledger
{
    /// <summary>
    /// Forms the next batch from the oldest open receipts and stores it as an intent, before the key is asked to sign it. An intent
    /// left by a crash is replaced: what it named was never stored as signed.
    /// </summary>
    /// <param name="seal">Who signs, when, and for which network.</param>
    /// <returns>The batch to sign; null if no receipt is open.</returns>
    public Task<ReceiptBatch?> PrepareBatchAsync(BatchSeal seal) => _writer.CloseOutAsync(connection =>
    {
        var (last, first, previous) = Tip(connection);
        var (leaves, fees) = OpenReceipts(connection, first);
        if (leaves.Count == 0)
        {
            return null;
        }

        var batch = new ReceiptBatch
        {
            Node = seal.Node,
            Batch = last + 1,
            Previous = previous,
            FirstSequence = first,
            Count = (uint)leaves.Count,
            Root = new MerkleTree([.. leaves]).Root,
            Fees = fees,
            ClosedAt = seal.ClosedAt,
            Clock = seal.Clock,
            Boot = seal.Boot,
            KeyClass = seal.KeyClass,
            KeyCounter = seal.KeyCounter,
        };
        var (body, contract) = (TypedStruct.ToBytes(batch), seal.Domain.VerifyingContract.ToArray());
        connection.Prepare("INSERT OR REPLACE INTO intents(batch, body, chain, contract, crc) VALUES(?1, ?2, ?3, ?4, ?5)")
            .Bind(1, (long)batch.Batch).Bind(2, body).Bind(3, (long)seal.Domain.ChainId).Bind(4, contract)
            .Bind(5, new RowChecksum().Add((long)batch.Batch).Add(body).Add((long)seal.Domain.ChainId).Add(contract).Value).Run();
        return batch;
    });

    /// <summary>The intent that a crash may have left: the key was perhaps asked to sign it.</summary>
    public Task<ReceiptBatch?> PendingIntentAsync() => _writer.RunAsync(connection =>
    {
        var row = connection.Prepare("SELECT body FROM intents ORDER BY batch DESC LIMIT 1");
        var body = row.Step() ? row.Blob(0) : null;
        row.Reset();
        return body is null ? null : TypedStruct.FromBytes<ReceiptBatch>(body);
    });

    /// <summary>Stores a signed batch in place of its intent.</summary>
    /// <exception cref="InvalidOperationException">It isn't the next of the chain.</exception>
    public Task<StoredBatch> StoreBatchAsync(ReceiptBatch batch, RecoverableSignature signature, TypedDomain domain) => _writer.CloseOutAsync(connection =>
    {
        var (last, first, previous) = Tip(connection);
        if (batch.Batch != last + 1 || batch.FirstSequence != first || batch.Previous != previous)
        {
            throw new InvalidOperationException($"Batch {batch.Batch} from receipt {batch.FirstSequence} does not follow batch {last}, which ends before {first}.");
        }

        var stored = new StoredBatch(batch, TypedStruct.Hash(batch), signature, domain, BatchState.Signed, "", batch.ClosedAt);
        var (body, hash, contract) = (TypedStruct.ToBytes(batch), stored.Hash, domain.VerifyingContract);
        connection.Prepare(
            """
            INSERT INTO batches(batch, first, count, body, hash, signature, chain, contract, state, reason, changed, crc)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '', ?10, ?11)
            """)
            .Bind(1, (long)batch.Batch).Bind(2, (long)batch.FirstSequence).Bind(3, batch.Count).Bind(4, body).Bind(5, hash.AsSpan())
            .Bind(6, signature.AsSpan()).Bind(7, (long)domain.ChainId).Bind(8, contract.AsSpan()).Bind(9, (long)stored.State)
            .Bind(10, (long)stored.ChangedAt)
            .Bind(11, StoredBatch.Checksum(batch.Batch, body, hash.AsSpan(), signature.AsSpan(), (long)domain.ChainId, contract.AsSpan())).Run();
        connection.Execute("DELETE FROM intents");
        return stored;
    });

    /// <summary>
    /// Replaces a damaged row of an open receipt by a void one with the same sequence number, so that what follows can be signed.
    /// </summary>
    /// <returns>The void receipt; null if the row is in order or signed already.</returns>
    public Task<Receipt?> VoidDamagedAsync(ulong sequence) => _writer.CloseOutAsync(connection =>
    {
        var (_, first, _) = Tip(connection);
        return sequence < first ? null : VoidIfDamaged(connection, sequence);
    });

    /// <summary>
    /// Reduces signed receipts of own use, and settled ones of others, to their leaves once they are older than the retention, and forgets
    /// their salts. Receipts stay provable by their leaves.
    /// </summary>
    /// <param name="before">Unix milliseconds: batches whose state last changed earlier.</param>
    /// <returns>How many receipts collapsed.</returns>
    public Task<int> CollapseAsync(ulong before) => _writer.RunAsync(connection =>
    {
        var from = ulong.Parse(GetMeta(connection, "collapsed") ?? "0", System.Globalization.CultureInfo.InvariantCulture);
        var batch = connection.Prepare("SELECT batch, first, count, state FROM batches WHERE batch > ?1 AND changed < ?2 ORDER BY batch LIMIT 1")
            .Bind(1, (long)from).Bind(2, (long)before);
        if (!batch.Step())
        {
            return 0;
        }

        var (number, first, count, state) = (batch.Integer(0), batch.Integer(1), batch.Integer(2), (BatchState)batch.Integer(3));
        batch.Reset();
        var collapsed = 0;
        var pending = false;
        for (var sequence = first; sequence < first + count; sequence++)
        {
            if (FindReceipt(connection, (ulong)sequence) is not { Receipt: { } receipt } stored)
            {
                continue;
            }

            if (!receipt.IsOwnUse && state is not BatchState.Settled)
            {
                pending = true;
                continue;
            }

            Collapse(connection, stored);
            collapsed++;
        }

        if (!pending)
        {
            SetMeta(connection, "collapsed", number.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        return collapsed;
    });

    /// <summary>Deletes a receipt's salts and replay record for good: nobody can open its commitments any more.</summary>
    /// <returns>False if there were none.</returns>
    public Task<bool> ForgetAsync(Bytes32 request) => _writer.RunAsync(connection =>
    {
        connection.Execute("PRAGMA secure_delete = ON");
        connection.Prepare("DELETE FROM salts WHERE request = ?1").Bind(1, request.AsSpan()).Run();
        return connection.Changes > 0;
    });

    /// <summary>The last batch's number, the first open sequence number, and the last batch's hash.</summary>
    private static (ulong Last, ulong FirstOpen, Bytes32 Hash) Tip(SqliteConnection connection)
    {
        var row = connection.Prepare("SELECT batch, first, count, hash FROM batches ORDER BY batch DESC LIMIT 1");
        if (!row.Step())
        {
            return (0, 1, default);
        }

        var tip = ((ulong)row.Integer(0), (ulong)(row.Integer(1) + row.Integer(2)), new Bytes32(row.Blob(3)));
        row.Reset();
        return tip;
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

            var receipt = stored.Receipt ?? VoidIfDamaged(connection, sequence)
                ?? throw new InvalidOperationException($"Receipt {sequence} is open but has no content.");
            leaves.Add(TypedStruct.Hash(receipt));
            fees = checked(fees + receipt.Fee);
        }

        return (leaves, fees);
    }

    private static StoredReceipt? FindReceipt(SqliteConnection connection, ulong sequence)
    {
        var row = connection.Prepare($"SELECT {StoredReceipt.Columns} FROM receipts WHERE sequence = ?1").Bind(1, (long)sequence);
        var stored = row.Step() ? StoredReceipt.Read(row) : null;
        row.Reset();
        return stored;
    }

    private static Receipt? VoidIfDamaged(SqliteConnection connection, ulong sequence)
    {
        if (FindReceipt(connection, sequence) is not { Damage: not null } damaged)
        {
            return null;
        }

        var request = damaged.Request.IsZero ? Keccak256.Hash("damaged"u8, Bytes32.Random().AsSpan()) : damaged.Request;
        var receipt = new Receipt { Sequence = sequence, Request = request, Outcome = Outcome.Void, Tariff = TypedStruct.Hash(Tariff.Free) };
        Store(connection, receipt, damaged.Caller, TypedStruct.Hash(receipt), TypedStruct.ToBytes(receipt));
        return receipt;
    }

    private static void Collapse(SqliteConnection connection, StoredReceipt stored)
    {
        Store(connection, stored.Receipt!, stored.Caller, stored.Leaf, null);
        connection.Prepare("DELETE FROM salts WHERE request = ?1").Bind(1, stored.Request.AsSpan()).Run();
        connection.Prepare("DELETE FROM retries WHERE request = ?1").Bind(1, stored.Request.AsSpan()).Run();
    }

    private static void Store(SqliteConnection connection, Receipt receipt, string caller, Bytes32 leaf, byte[]? body)
    {
        var update = connection.Prepare("UPDATE receipts SET request = ?2, caller = ?3, leaf = ?4, body = ?5, crc = ?6 WHERE sequence = ?1")
            .Bind(1, (long)receipt.Sequence).Bind(2, receipt.Request.AsSpan()).Bind(3, caller).Bind(4, leaf.AsSpan())
            .Bind(6, StoredReceipt.Checksum(receipt.Sequence, receipt.Request.AsSpan(), caller, leaf.AsSpan(), body));
        if (body is null)
        {
            update.BindNull(5).Run();
        }
        else
        {
            update.Bind(5, body).Run();
        }
    }
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
