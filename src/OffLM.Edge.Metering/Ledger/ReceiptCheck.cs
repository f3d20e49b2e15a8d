using System.Text;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>Checks every receipt: its row, leaf, fee and salts, and the root and fee sum of its batch.</summary>
internal sealed class ReceiptCheck(CheckContext context, CreditCheck credit, IProgress<LedgerCheckProgress>? progress)
{
    private readonly ReceiptPage _page = new(context);

    /// <summary>The newest sequence number when the check began.</summary>
    public ulong Total { get; set; }

    /// <summary>The receipts that a signed batch names.</summary>
    public void InBatch(ReceiptBatch batch)
    {
        var rows = _page.Read(batch.FirstSequence, batch.Count, Remedy.None);
        if (rows.Count == batch.Count)
        {
            Leaves(batch, rows);
        }
        else
        {
            credit.Incomplete();
        }

        var (fees, whole) = (UInt128.Zero, rows.Count == batch.Count);
        foreach (var row in rows)
        {
            whole &= row.Receipt is not null;
            fees = unchecked(fees + (row.Receipt?.Fee ?? 0));
            Check(row, Remedy.MendSignedReceipt);
        }

        if (whole && fees != batch.Fees)
        {
            context.Add(LedgerPart.Batch, batch.Batch, "", $"its receipts add up to {fees}, it says {batch.Fees}", "report this as a fault of the program");
        }

        progress?.Report(new(context.Receipts, Total));
    }

    /// <summary>Receipts whose batch is damaged: only what each says of itself can be checked.</summary>
    public void Unproven(ulong first, uint count)
    {
        credit.Incomplete();
        foreach (var row in _page.Read(first, count, Remedy.None))
        {
            Check(row, Remedy.None);
        }
    }

    /// <summary>Receipts in no batch yet.</summary>
    public void Open(ulong first, uint count)
    {
        foreach (var row in _page.Read(first, count, Remedy.MendOpenReceipt))
        {
            Check(row, Remedy.MendOpenReceipt);
        }

        progress?.Report(new(context.Receipts, Total));
    }

    /// <summary>Whether the batch's root proves the leaves, of damaged rows too.</summary>
    private void Leaves(ReceiptBatch batch, List<StoredReceipt> rows)
    {
        var proven = new MerkleTree([.. rows.ConvertAll(r => r.Leaf)]).Root == batch.Root;
        var advice = proven
            ? "its leaf is proven by the batch: it is restored, or collapses to its leaf"
            : "it is restored if its content is what was signed; else restore the file from a copy";
        foreach (var row in rows.Where(r => r.Damage is not null))
        {
            context.Add(LedgerPart.Receipt, row.Sequence, "", row.Damage!, advice, Remedy.MendSignedReceipt);
        }

        if (!proven && rows.TrueForAll(r => r.Damage is null))
        {
            context.Add(LedgerPart.Batch, batch.Batch, "", "its leaves don't have its root", "restore the file from a copy");
        }
    }

    private void Check(StoredReceipt row, Remedy remedy)
    {
        credit.Count(row);
        if (row.Receipt is not { } receipt)
        {
            return;
        }

        if (TypedStruct.Hash(receipt) != row.Leaf)
        {
            context.Add(LedgerPart.Receipt, row.Sequence, "", "its leaf is not the hash of its content", "restore the file from a copy", remedy);
        }

        if (!context.KnownTariffs.TryGetValue(receipt.Tariff, out var tariff))
        {
            // A void receipt names the free tariff whether or not it was ever in force.
            if (receipt.Outcome != Outcome.Void)
            {
                context.Add(LedgerPart.Receipt, row.Sequence, "", $"its tariff {receipt.Tariff} is not in the ledger", "add the tariff again");
            }
        }
        else if (Expected(tariff, receipt) != receipt.Fee)
        {
            context.Add(LedgerPart.Receipt, row.Sequence, "", "its fee is not what its tariff says", "report this as a fault of the program");
        }

        Salts(receipt);
    }

    private static UInt128? Expected(Tariff tariff, Receipt receipt) =>
        receipt.CachedTokens > receipt.PromptTokens ? null : Fee.Of(tariff, receipt).Total;

    private void Salts(Receipt receipt)
    {
        var row = context.Connection.Prepare("SELECT execution, record FROM salts WHERE sequence = ?1").Bind(1, (long)receipt.Sequence);
        if (!row.Step())
        {
            return;
        }

        var (salt, record) = (row.Blob(0), row.Text(1));
        row.Reset();
        if (Keccak256.Hash(salt, Encoding.UTF8.GetBytes(record)) != receipt.Execution)
        {
            context.Add(
                LedgerPart.Salts, 0, receipt.Request.ToString(), $"the replay record of receipt {receipt.Sequence} is not the one committed to",
                "the receipt itself is good, but its commitments can't be opened from here");
        }
    }
}
