using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Store;

/// <summary>What was settled, added up by who, whose app, which model, tariff and day; and the requests that were settled.</summary>
internal sealed class TotalsTable(SqliteConnection connection)
{
    private const string Keys = "node, payer, builder, model, adapter, tariff, day, hidden";

    public void Add(TotalKey key, Sums sums)
    {
        var stored = BindKey(connection.Prepare(
            "SELECT sums FROM totals WHERE node = ?1 AND payer = ?2 AND builder = ?3 AND model = ?4 AND adapter = ?5 AND tariff = ?6 AND day = ?7 AND hidden = ?8"), key)
            .First(row => row.Blob(0));
        var total = stored is null ? new Sums() : Sums.FromBytes(stored);
        total.Add(sums);
        BindKey(connection.Prepare($"INSERT OR REPLACE INTO totals({Keys}, sums) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"), key)
            .Bind(9, total.ToBytes()).Run();
    }

    public IReadOnlyList<(TotalKey Key, Sums Sums)> All() => connection.Prepare($"SELECT {Keys}, sums FROM totals ORDER BY {Keys}").All(row => (
        new TotalKey(row.Address(0), row.Address(1), row.Address(2), row.Hash(3), row.Hash(4), row.Hash(5), row.Integer(6), row.Integer(7) == 1),
        Sums.FromBytes(row.Blob(8))));

    /// <summary>Remembers a chain's requests.</summary>
    /// <exception cref="SqliteException">The chain has one of them already.</exception>
    public void AddRequests(long chain, IReadOnlyList<Bytes32> requests)
    {
        foreach (var request in requests)
        {
            connection.Prepare("INSERT INTO requests(chain, request) VALUES(?1, ?2)").Bind(1, chain).Bind(2, request.AsSpan()).Run();
        }
    }

    public long CountRequests(long chain) => connection.Prepare("SELECT count(*) FROM requests WHERE chain = ?1").Bind(1, chain).Number();

    public bool HasRequest(long chain, Bytes32 request) =>
        connection.Prepare("SELECT 1 FROM requests WHERE chain = ?1 AND request = ?2").Bind(1, chain).Bind(2, request.AsSpan()).Number() == 1;

    private static SqliteStatement BindKey(SqliteStatement statement, TotalKey key) => statement
        .Bind(1, key.Node.AsSpan()).Bind(2, key.Payer.AsSpan()).Bind(3, key.Builder.AsSpan()).Bind(4, key.Model.AsSpan())
        .Bind(5, key.Adapter.AsSpan()).Bind(6, key.Tariff.AsSpan()).Bind(7, key.Day).Bind(8, key.IsHidden ? 1 : 0);
}
