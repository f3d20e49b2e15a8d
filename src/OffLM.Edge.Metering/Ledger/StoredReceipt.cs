using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>A receipt as the ledger keeps it.</summary>
/// <param name="Sequence">Its place.</param>
/// <param name="Request">Its name.</param>
/// <param name="Caller">The API key's id; empty for none.</param>
/// <param name="Leaf">Its struct hash.</param>
/// <param name="Receipt">Null once it collapsed to its leaf, and when the row is damaged.</param>
/// <param name="Damage">Null for a good row; else what is wrong with it.</param>
public sealed record StoredReceipt(ulong Sequence, Bytes32 Request, string Caller, Bytes32 Leaf, Receipt? Receipt, string? Damage)
{
    internal const string Columns = "sequence, request, caller, leaf, body, crc";

    internal static long Checksum(ulong sequence, ReadOnlySpan<byte> request, string caller, ReadOnlySpan<byte> leaf, ReadOnlySpan<byte> body) =>
        new RowChecksum().Add((long)sequence).Add(request).Add(caller).Add(leaf).Add(body).Value;

    /// <summary>Reads the statement's current row, selected with <see cref="Columns"/>.</summary>
    internal static StoredReceipt Read(Interop.Sqlite.SqliteStatement row)
    {
        var sequence = (ulong)row.Integer(0);
        var (request, caller, leaf, body) = (row.Blob(1), row.Text(2), row.Blob(3), row.Blob(4));
        if (row.Integer(5) != Checksum(sequence, request, caller, leaf, body) || request.Length != Bytes32.Size || leaf.Length != Bytes32.Size)
        {
            return Damaged("its checksum doesn't hold");
        }

        if (row.IsNull(4))
        {
            return new(sequence, new(request), caller, new(leaf), null, null);
        }

        try
        {
            var receipt = TypedStruct.FromBytes<Receipt>(body);
            return receipt.Sequence == sequence && receipt.Request.AsSpan().SequenceEqual(request)
                ? new(sequence, new(request), caller, new(leaf), receipt, null)
                : Damaged("it stands in another's place");
        }
        catch (FormatException e)
        {
            return Damaged(e.Message);
        }

        StoredReceipt Damaged(string why) =>
            new(sequence, request.Length == Bytes32.Size ? new(request) : default, caller, leaf.Length == Bytes32.Size ? new(leaf) : default, null, why);
    }
}
