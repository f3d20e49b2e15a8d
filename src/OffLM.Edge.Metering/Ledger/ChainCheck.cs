using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>Checks that batches follow each other without gaps, each naming the one before and signed by its node.</summary>
internal sealed class ChainCheck(CheckContext context)
{
    private const int PageSize = LedgerReader.PageSize;

    /// <summary>Signatures that the check on start recovers: 60 µs each.</summary>
    private const ulong QuickSignatures = 1000;

    /// <summary>Open receipts that the check on start reads. Usually there are fewer than a batch; without a key they pile up.</summary>
    private const ulong QuickOpenReceipts = 20_000;

    private readonly Queue<RollbackEvidence> _rollbacks = context.Rollbacks();
    private ulong _expectedBatch = 1;
    private ulong _expectedFirst = 1;
    private Bytes32? _previous = Bytes32.Zero;

    /// <summary>The batches from the last settled one on, and the open receipts.</summary>
    public void SinceLastSettled()
    {
        var settled = Integer("SELECT coalesce(max(batch), 0) FROM batches WHERE state = 2");
        var last = Integer("SELECT coalesce(max(batch), 0) FROM batches");
        if (settled > 1)
        {
            (_expectedBatch, _expectedFirst, _previous) = (settled, 0, null);
        }

        Walk(Math.Max(settled, 1), batch => last - batch.Number < QuickSignatures, null);
        var newest = Newest();
        var from = newest > QuickOpenReceipts ? Math.Max(_expectedFirst, newest - QuickOpenReceipts + 1) : _expectedFirst;
        Open(from, newest, null);
    }

    /// <summary>All batches with all their receipts, and the open ones.</summary>
    public void Everything(ReceiptCheck receipts)
    {
        receipts.Total = Newest();
        Walk(1, _ => true, receipts);
        Open(_expectedFirst, receipts.Total, receipts);
    }

    private void Walk(ulong from, Func<Row, bool> recover, ReceiptCheck? receipts)
    {
        for (var page = Page(from); page.Count > 0; page = Page(from))
        {
            context.ThrowIfCancelled();
            foreach (var row in page)
            {
                Check(row, recover(row), receipts);
            }

            from = page[^1].Number + 1;
        }

        if (Newest() + 1 < _expectedFirst)
        {
            context.Add(
                LedgerPart.Receipt, Newest() + 1, "", $"signed up to {_expectedFirst - 1}, but missing",
                "the file was cut short or replaced by an older one; restore it from a copy");
        }

        Resume(ulong.MaxValue, receipts);
    }

    /// <summary>
    /// Where rollbacks were accepted before a batch, the chain goes on behind the network's; receipts whose numbers it has others for are in
    /// no batch of this ledger.
    /// </summary>
    private void Resume(ulong batch, ReceiptCheck? receipts)
    {
        while (_rollbacks.TryPeek(out var rollback) && rollback.Batch < batch)
        {
            _rollbacks.Dequeue();
            if (rollback.Batch + 1 >= _expectedBatch)
            {
                Open(_expectedFirst, rollback.OwnLast, receipts);
                (_expectedBatch, _expectedFirst, _previous) = (rollback.Batch + 1, rollback.LastSequence + 1, rollback.Acknowledgement.BatchHash);
            }
        }
    }

    private void Check(Row row, bool recover, ReceiptCheck? receipts)
    {
        context.Batches++;
        Resume(row.Number, receipts);
        if (row.Number != _expectedBatch)
        {
            context.Add(LedgerPart.Batch, _expectedBatch, "", $"missing, the next is {row.Number}", "restore the file from a copy");
            (_previous, _expectedFirst) = (null, 0);
        }

        _expectedBatch = row.Number + 1;
        var proven = row.Damage is null && !recover ? null : SignedBatch.Read(row.Body, row.Signature, row.Chain, row.Contract);
        if (row.Damage is not null || (recover && proven is null))
        {
            context.Add(
                LedgerPart.Batch,
                row.Number,
                "",
                row.Damage ?? "its signature is not its node's",
                proven is null
                    ? "restore the file from a copy; its receipts stay readable, but are not proven"
                    : "it is written again from what was signed, and sent again",
                proven is null ? Remedy.None : Remedy.RewriteBatch);
            if (proven is null)
            {
                // The columns are proven by nothing, but the best guess of where the next batch begins.
                (_previous, _expectedFirst) = (null, row.First + row.Count);
                receipts?.Unproven(row.First, row.Count);
                return;
            }
        }

        var (batch, hash) = (proven?.Batch ?? row.Stored!.Batch, proven?.Hash ?? TypedStruct.Hash(row.Stored!.Batch));
        if (row.Stored is { } stored && stored.Hash != hash)
        {
            context.Add(LedgerPart.Batch, row.Number, "", "its hash is not that of its content", "it is written again from what was signed", Remedy.RewriteBatch);
        }

        if (_previous is { } previous && batch.Previous != previous)
        {
            context.Add(LedgerPart.Batch, row.Number, "", "it doesn't name the batch before it", "restore the file from a copy");
        }

        if (_expectedFirst > 0 && batch.FirstSequence != _expectedFirst)
        {
            context.Add(LedgerPart.Batch, row.Number, "", $"it begins with receipt {batch.FirstSequence} instead of {_expectedFirst}", "restore the file from a copy");
        }

        (_previous, _expectedFirst) = (hash, batch.FirstSequence + batch.Count);
        receipts?.InBatch(batch);
    }

    /// <summary>Receipts in no batch.</summary>
    private void Open(ulong from, ulong newest, ReceiptCheck? receipts)
    {
        for (var sequence = from; sequence > 0 && sequence <= newest; sequence += PageSize)
        {
            context.ThrowIfCancelled();
            var count = (uint)Math.Min(PageSize, newest - sequence + 1);
            if (receipts is not null)
            {
                receipts.Open(sequence, count);
            }
            else
            {
                _ = new ReceiptPage(context).Read(sequence, count, Remedy.MendOpenReceipt);
            }
        }
    }

    private List<Row> Page(ulong from)
    {
        var page = new List<Row>();
        var rows = context.Connection.Prepare($"SELECT {StoredBatch.Columns} FROM batches WHERE batch >= ?1 ORDER BY batch LIMIT ?2")
            .Bind(1, (long)from).Bind(2, PageSize);
        while (rows.Step())
        {
            var stored = StoredBatch.TryRead(rows, out var damage);
            var count = (uint)Math.Clamp(rows.Integer(11), 0, ReceiptBatch.MaxReceipts);
            page.Add(new((ulong)rows.Integer(0), (ulong)rows.Integer(10), count, rows.Blob(1), rows.Blob(3), rows.Integer(4), rows.Blob(5), stored, damage));
        }

        return page;
    }

    private ulong Newest() => Integer("SELECT coalesce(max(sequence), 0) FROM receipts");

    private ulong Integer(string sql)
    {
        var row = context.Connection.Prepare(sql);
        row.Step();
        var value = row.Integer(0);
        row.Reset();
        return (ulong)value;
    }

    private sealed record Row(ulong Number, ulong First, uint Count, byte[] Body, byte[] Signature, long Chain, byte[] Contract, StoredBatch? Stored, string? Damage);
}
