using OffLM.Edge.Metering.Interop.Sqlite;

namespace OffLM.Edge.Metering;

/// <summary>Reads a run of receipts for a check, naming the rows that are missing, damaged or on unreadable pages.</summary>
internal sealed class ReceiptPage(CheckContext context)
{
    /// <summary>The rows that are there, damaged ones included.</summary>
    /// <param name="first">The first sequence number.</param>
    /// <param name="count">How many there must be.</param>
    /// <param name="remedy">What helps a damaged one; <see cref="Remedy.None"/> leaves naming it to the caller.</param>
    public List<StoredReceipt> Read(ulong first, uint count, Remedy remedy)
    {
        var rows = ReadRows(first, count);
        context.Receipts += (ulong)rows.Count;
        if (rows.Count < count)
        {
            var present = new HashSet<ulong>(rows.ConvertAll(r => r.Sequence));
            for (var sequence = first; sequence < first + count; sequence++)
            {
                if (!present.Contains(sequence))
                {
                    context.Add(LedgerPart.Receipt, sequence, "", "missing", "restore the file from a copy");
                }
            }
        }

        if (remedy != Remedy.None)
        {
            foreach (var row in rows.Where(r => r.Damage is not null))
            {
                context.Add(LedgerPart.Receipt, row.Sequence, "", row.Damage!, "it is restored or becomes void, fee 0, before it is signed", remedy);
            }
        }

        return rows;
    }

    private List<StoredReceipt> ReadRows(ulong first, uint count)
    {
        try
        {
            return Select(first, count);
        }
        catch (SqliteException e) when (e.IsStorageFailure)
        {
            // A page of the file can't be read: whatever stands on others still can.
            var rows = new List<StoredReceipt>();
            for (var sequence = first; sequence < first + count; sequence++)
            {
                try
                {
                    rows.AddRange(Select(sequence, 1));
                }
                catch (SqliteException single) when (single.IsStorageFailure)
                {
                    var problem = $"receipt {sequence} stands on an unreadable page ({single.Message})";
                    context.Add(LedgerPart.File, 0, "", problem, "restore the file from a copy; the rest stays readable");
                }
            }

            return rows;
        }
    }

    private List<StoredReceipt> Select(ulong first, uint count)
    {
        var found = new List<StoredReceipt>((int)count);
        var rows = context.Connection.Prepare($"SELECT {StoredReceipt.Columns} FROM receipts WHERE sequence >= ?1 AND sequence < ?2 ORDER BY sequence")
            .Bind(1, (long)first).Bind(2, (long)(first + count));
        while (rows.Step())
        {
            found.Add(StoredReceipt.Read(rows));
        }

        return found;
    }
}
