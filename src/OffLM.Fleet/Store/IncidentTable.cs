using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;

namespace OffLM.Fleet.Store;

/// <summary>Something that an operator should look at, and how often it happened.</summary>
/// <param name="Kind">A word, for example <c>fork</c>.</param>
/// <param name="Node">Whose; where nothing was signed, whose topic it came on.</param>
/// <param name="Batch">The batch's number; 0 if none can be told.</param>
/// <param name="What">A sentence.</param>
/// <param name="First">When first, Unix milliseconds.</param>
/// <param name="Last">When last.</param>
/// <param name="Count">How often.</param>
internal sealed record Incident(string Kind, Address Node, ulong Batch, string What, long First, long Last, long Count);

/// <summary>The incidents; the oldest go when there are too many.</summary>
internal sealed class IncidentTable(SqliteConnection connection)
{
    /// <summary>A stranger who sends rubbish decides how many there are, but not how many are kept.</summary>
    public const int Limit = 10_000;

    private const int MaxWhat = 500;

    public void Note(string kind, Address node, ulong batch, string what, long now)
    {
        what = what.Length <= MaxWhat ? what : what[..MaxWhat];
        connection.Prepare(
            """
            INSERT INTO incidents(kind, node, batch, what, first, last, count) VALUES(?1, ?2, ?3, ?4, ?5, ?5, 1)
            ON CONFLICT(node, kind, batch, what) DO UPDATE SET last = max(last, ?5), count = count + 1
            """)
            .Bind(1, kind).Bind(2, node.AsSpan()).Bind(3, (long)batch).Bind(4, what).Bind(5, now).Run();
        if (Count() > Limit)
        {
            connection.Prepare(
                """
                DELETE FROM incidents WHERE (node, kind, batch, what) IN (SELECT node, kind, batch, what FROM incidents ORDER BY last LIMIT 1)
                """).Run();
        }
    }

    public long Count() => connection.Prepare("SELECT count(*) FROM incidents").Number();

    /// <summary>The newest first.</summary>
    public IReadOnlyList<Incident> Latest(int limit) =>
        connection.Prepare("SELECT kind, node, batch, what, first, last, count FROM incidents ORDER BY last DESC, kind, batch LIMIT ?1").Bind(1, limit).All(Read);

    public IReadOnlyList<Incident> Of(Address node) =>
        connection.Prepare("SELECT kind, node, batch, what, first, last, count FROM incidents WHERE node = ?1 ORDER BY last DESC").Bind(1, node.AsSpan()).All(Read);

    /// <summary>How often something happened, by node.</summary>
    public IReadOnlyDictionary<Address, long> CountByNode() =>
        connection.Prepare("SELECT node, sum(count) FROM incidents GROUP BY node").All(row => (row.Address(0), row.Integer(1))).ToDictionary(i => i.Item1, i => i.Item2);

    private static Incident Read(SqliteStatement row) =>
        new(row.Text(0), row.Address(1), (ulong)row.Integer(2), row.Text(3), row.Integer(4), row.Integer(5), row.Integer(6));
}
