using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering;

/// <summary>Something that moved a card's signature counter and is no batch.</summary>
/// <param name="Kind">What it was.</param>
/// <param name="Node">The card's address.</param>
/// <param name="Expected">The counter as the ledger knew it before.</param>
/// <param name="Found">The counter behind it.</param>
/// <param name="Batch">The batch whose signature was lost; 0 for others.</param>
/// <param name="Reason">The owner's words; empty where nobody was asked.</param>
/// <param name="At">Unix milliseconds.</param>
public sealed record KeyEvent(KeyEventKind Kind, Address Node, uint Expected, uint Found, ulong Batch, string Reason, ulong At)
{
    internal const string Columns = "kind, node, expected, found, batch, reason, at, crc";

    internal void Store(SqliteConnection connection) =>
        connection.Prepare("INSERT INTO key_events(kind, node, expected, found, batch, reason, at, crc) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
            .Bind(1, (long)Kind).Bind(2, Node.AsSpan()).Bind(3, Expected).Bind(4, Found).Bind(5, (long)Batch).Bind(6, Reason).Bind(7, (long)At)
            .Bind(8, Checksum((long)Kind, Node.AsSpan(), Expected, Found, (long)Batch, Reason, (long)At)).Run();

    /// <summary>Reads the statement's current row, selected with <see cref="Columns"/>; null if it is damaged.</summary>
    internal static KeyEvent? TryRead(SqliteStatement row)
    {
        var (kind, node, expected, found) = (row.Integer(0), row.Blob(1), row.Integer(2), row.Integer(3));
        var (batch, reason, at) = (row.Integer(4), row.Text(5), row.Integer(6));
        return row.Integer(7) == Checksum(kind, node, expected, found, batch, reason, at) && node.Length == Address.Size
            ? new((KeyEventKind)kind, new(node), (uint)expected, (uint)found, (ulong)batch, reason, (ulong)at)
            : null;
    }

    private static long Checksum(long kind, ReadOnlySpan<byte> node, long expected, long found, long batch, string reason, long at) =>
        new RowChecksum().Add(kind).Add(node).Add(expected).Add(found).Add(batch).Add(reason).Add(at).Value;
}
