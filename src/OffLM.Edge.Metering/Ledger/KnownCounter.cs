using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering;

/// <summary>Where a card's signature counter should be.</summary>
/// <param name="Value">The counter, as the card said or as it follows from what it signed.</param>
/// <param name="Asked">True while a signature was asked for of which nothing is known: the counter may be one further.</param>
internal readonly record struct KnownCounter(uint Value, bool Asked)
{
    internal const string Columns = "node, counter, asked, crc";

    public void Store(SqliteConnection connection, Address node) =>
        connection.Prepare("INSERT OR REPLACE INTO key_counters(node, counter, asked, crc) VALUES(?1, ?2, ?3, ?4)")
            .Bind(1, node.AsSpan()).Bind(2, Value).Bind(3, Asked ? 1 : 0).Bind(4, Checksum(node.AsSpan(), Value, Asked ? 1 : 0)).Run();

    /// <summary>Reads the statement's current row, selected with <see cref="Columns"/>; null if it is damaged.</summary>
    public static KnownCounter? TryRead(SqliteStatement row) => row.Integer(3) == Checksum(row.Blob(0), row.Integer(1), row.Integer(2))
        ? new((uint)row.Integer(1), row.Integer(2) != 0)
        : null;

    private static long Checksum(ReadOnlySpan<byte> node, long counter, long asked) => new RowChecksum().Add(node).Add(counter).Add(asked).Value;
}
