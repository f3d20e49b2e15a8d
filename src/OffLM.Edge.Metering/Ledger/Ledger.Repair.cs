using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>What becomes of damaged rows.</summary>
public sealed partial class Ledger
{
    /// <summary>
    /// Replaces a damaged row of an open receipt by a void one with the same sequence number, so that what follows can be signed. A row
    /// whose content still has its leaf's hash is written again as it was.
    /// </summary>
    /// <returns>The void receipt; null if the row is in order, was restored, or is signed already.</returns>
    public Task<Receipt?> VoidDamagedAsync(ulong sequence) => _writer.CloseOutAsync(connection =>
        IsUnsigned(connection, sequence) && MendOpen(connection, sequence) is { Outcome: Outcome.Void } receipt ? receipt : null);

    /// <summary>Does what can be done by itself about what <see cref="LedgerCheck"/> found. Everything is looked at anew before it is changed.</summary>
    /// <param name="findings">From a check; those without a remedy are passed over.</param>
    /// <returns>What was done, one sentence each.</returns>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    public async Task<IReadOnlyList<string>> RepairAsync(IEnumerable<LedgerFinding> findings)
    {
        var done = new List<string>();
        // Batches first: only against them can signed receipts be proven.
        foreach (var finding in findings.Where(f => f.Remedy != Remedy.None).OrderByDescending(f => f.Remedy == Remedy.RewriteBatch))
        {
            if (await _writer.CloseOutAsync(connection => Repair(connection, finding)) is { } action)
            {
                done.Add(action);
            }
        }

        return done;
    }

    private static string? Repair(SqliteConnection connection, LedgerFinding finding)
    {
        try
        {
            return Apply(connection, finding);
        }
        catch (FormatException)
        {
            // The batch that would prove it is damaged itself, which is a finding of its own.
            return null;
        }
    }

    private static string? Apply(SqliteConnection connection, LedgerFinding finding)
    {
        switch (finding.Remedy)
        {
            case Remedy.RewriteBatch:
                return RewriteBatch(connection, finding.Number) ? $"batch {finding.Number}: written again from what was signed." : null;
            case Remedy.RecountSpent:
                RecountSpent(connection, finding.Key);
                return $"credit {finding.Key}: added up again from the receipts.";
            case Remedy.MendSignedReceipt:
                return MendSigned(connection, finding.Number) is { } way ? $"receipt {finding.Number}: {way}." : null;
            case Remedy.MendOpenReceipt when IsUnsigned(connection, finding.Number):
                return MendOpen(connection, finding.Number) is { } receipt
                    ? $"receipt {finding.Number}: {(receipt.Outcome == Outcome.Void ? "now void" : "restored")}."
                    : null;
            default:
                return null;
        }
    }

    /// <summary>The receipt that a damaged open row becomes; null if the row is in order.</summary>
    private static Receipt? MendOpen(SqliteConnection connection, ulong sequence)
    {
        if (FindReceipt(connection, sequence) is not { Damage: not null } damaged)
        {
            return null;
        }

        var content = Content(connection, sequence);
        if (content is { } intact && TypedStruct.Hash(intact) == damaged.Leaf)
        {
            Store(connection, sequence, intact.Request, damaged.Caller, damaged.Leaf, TypedStruct.ToBytes(intact));
            RecountSpent(connection, damaged.Caller);
            return intact;
        }

        // The name may be damaged too; it must only be one that no other row has.
        var request = damaged.Request.IsZero ? Bytes32.Random() : damaged.Request;
        var receipt = VoidReceipt(request) with { Sequence = sequence };
        Store(connection, sequence, request, damaged.Caller, TypedStruct.Hash(receipt), TypedStruct.ToBytes(receipt));
        DeleteSalts(connection, request);
        RecountSpent(connection, damaged.Caller);
        return receipt;
    }

    /// <summary>Restores a damaged signed row, or collapses it to its leaf, if the batch's root proves that leaf.</summary>
    private static string? MendSigned(SqliteConnection connection, ulong sequence)
    {
        var batches = connection.Prepare($"SELECT {StoredBatch.Columns} FROM batches WHERE first <= ?1 ORDER BY first DESC LIMIT 1");
        if (FindReceipt(connection, sequence) is not { Damage: not null } damaged || FirstBatch(batches.Bind(1, (long)sequence)) is not { } batch)
        {
            return null;
        }

        var leaves = Leaves(connection, batch.Batch);
        var place = (int)(sequence - batch.Batch.FirstSequence);
        if (leaves is null || place >= leaves.Length)
        {
            return null;
        }

        if (Content(connection, sequence) is { } content)
        {
            leaves[place] = TypedStruct.Hash(content);
            if (new MerkleTree(leaves).Root == batch.Batch.Root)
            {
                Store(connection, sequence, content.Request, damaged.Caller, leaves[place], TypedStruct.ToBytes(content));
                RecountSpent(connection, damaged.Caller);
                return "restored";
            }
        }

        leaves[place] = damaged.Leaf;
        if (new MerkleTree(leaves).Root != batch.Batch.Root)
        {
            return null;
        }

        Store(connection, sequence, damaged.Request.IsZero ? Bytes32.Random() : damaged.Request, damaged.Caller, damaged.Leaf, null);
        return "collapsed to its leaf";
    }

    /// <summary>The leaves of a batch as stored; null if a row is missing.</summary>
    private static Bytes32[]? Leaves(SqliteConnection connection, ReceiptBatch batch)
    {
        var leaves = new Bytes32[batch.Count];
        for (var i = 0u; i < batch.Count; i++)
        {
            if (FindReceipt(connection, batch.FirstSequence + i) is not { } stored)
            {
                return null;
            }

            leaves[i] = stored.Leaf;
        }

        return leaves;
    }

    private static bool RewriteBatch(SqliteConnection connection, ulong number)
    {
        var row = connection.Prepare("SELECT body, signature, chain, contract, changed FROM batches WHERE batch = ?1").Bind(1, (long)number);
        if (!row.Step())
        {
            return false;
        }

        var (body, signature, chain, contract) = (row.Blob(0), row.Blob(1), row.Integer(2), row.Blob(3));
        var changed = (ulong)row.Integer(4);
        row.Reset();
        if (SignedBatch.Read(body, signature, chain, contract) is not { } signed || signed.Batch.Batch != number)
        {
            return false;
        }

        // What became of it is not proven by anything: it is sent again, and answered as before.
        Store(connection, new StoredBatch(signed.Batch, signed.Hash, signed.Signature, signed.Domain, BatchState.Signed, "", changed));
        return true;
    }

    private static Receipt? Content(SqliteConnection connection, ulong sequence)
    {
        var row = connection.Prepare("SELECT body FROM receipts WHERE sequence = ?1").Bind(1, (long)sequence);
        var body = row.Step() ? row.Blob(0) : [];
        row.Reset();
        try
        {
            var receipt = TypedStruct.FromBytes<Receipt>(body);
            return receipt.Sequence == sequence ? receipt : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static StoredReceipt? FindReceipt(SqliteConnection connection, ulong sequence) =>
        FirstReceipt(connection.Prepare($"SELECT {StoredReceipt.Columns} FROM receipts WHERE sequence = ?1").Bind(1, (long)sequence));

    private static StoredReceipt? FindReceipt(SqliteConnection connection, Bytes32 request) =>
        FirstReceipt(connection.Prepare($"SELECT {StoredReceipt.Columns} FROM receipts WHERE request = ?1").Bind(1, request.AsSpan()));

    private static StoredReceipt? FirstReceipt(SqliteStatement row)
    {
        var stored = row.Step() ? StoredReceipt.Read(row) : null;
        row.Reset();
        return stored;
    }

    /// <summary>Writes a receipt's row again; a null body collapses it to its leaf.</summary>
    private static void Store(SqliteConnection connection, ulong sequence, Bytes32 request, string caller, Bytes32 leaf, byte[]? body)
    {
        var update = connection.Prepare("UPDATE receipts SET request = ?2, caller = ?3, leaf = ?4, body = ?5, crc = ?6 WHERE sequence = ?1")
            .Bind(1, (long)sequence).Bind(2, request.AsSpan()).Bind(3, caller).Bind(4, leaf.AsSpan())
            .Bind(6, StoredReceipt.Checksum(sequence, request.AsSpan(), caller, leaf.AsSpan(), body));
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
