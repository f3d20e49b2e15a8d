using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Fleet.Store;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Settlements;

/// <summary>A batch as a settlement counts it.</summary>
internal sealed record SettledBatch(Bytes32 Hash, ulong Receipts, ulong Hidden, Sums Sums);

/// <summary>The settlements.</summary>
internal sealed class SettlementTable(SqliteConnection connection)
{
    private const string Columns = "body, hidden, sums, collector, signature";

    public IReadOnlyList<SettlementRow> All() => connection.Prepare($"SELECT {Columns} FROM settlements ORDER BY number").All(Read);

    public SettlementRow? Last() => connection.Prepare($"SELECT {Columns} FROM settlements ORDER BY number DESC LIMIT 1").First(Read);

    /// <summary>Settled batches that are in no settlement, in the order of leaves.</summary>
    public IReadOnlyList<SettledBatch> Open() => connection.Prepare(
        "SELECT hash, count, hidden, sums FROM batches WHERE verdict = 1 AND settlement IS NULL ORDER BY chain, number").All(ReadBatch);

    /// <summary>A settlement's batches, in the order of leaves.</summary>
    public IReadOnlyList<SettledBatch> Members(ulong number) => connection.Prepare(
        "SELECT hash, count, hidden, sums FROM batches WHERE settlement = ?1 ORDER BY chain, number").Bind(1, (long)number).All(ReadBatch);

    /// <summary>The settlement of a node's settled batch; null while it is in none, or if there is no such batch.</summary>
    public (ulong Settlement, Bytes32 Hash)? Find(Address node, ulong batch)
    {
        var row = connection.Prepare("SELECT settlement, hash FROM batches WHERE node = ?1 AND number = ?2 AND settlement IS NOT NULL")
            .Bind(1, node.AsSpan()).Bind(2, (long)batch).First(r => new { Settlement = (ulong)r.Integer(0), Hash = r.Hash(1) });
        return row is null ? null : (row.Settlement, row.Hash);
    }

    /// <summary>Stores a settlement of all open batches.</summary>
    public void Close(SettlementRow row)
    {
        connection.Prepare("INSERT INTO settlements(number, body, hidden, sums, collector, signature) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")
            .Bind(1, (long)row.Settlement.Number).Bind(2, TypedStruct.ToBytes(row.Settlement)).Bind(3, (long)row.Hidden).Bind(4, row.Sums.ToBytes())
            .Bind(5, row.Collector.AsSpan()).Bind(6, row.Signature.AsSpan()).Run();
        connection.Prepare("UPDATE batches SET settlement = ?1 WHERE verdict = 1 AND settlement IS NULL").Bind(1, (long)row.Settlement.Number).Run();
    }

    private static SettledBatch ReadBatch(SqliteStatement row) =>
        new(row.Hash(0), (ulong)row.Integer(1), (ulong)row.Integer(2), Sums.FromBytes(row.Blob(3)));

    private static SettlementRow Read(SqliteStatement row) => new(
        TypedStruct.FromBytes<Settlement>(row.Blob(0)), (ulong)row.Integer(1), Sums.FromBytes(row.Blob(2)), row.Address(3), row.Signature(4));
}
