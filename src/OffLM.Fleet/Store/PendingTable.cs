using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;

namespace OffLM.Fleet.Store;

/// <summary>A signed batch whose predecessor hasn't come.</summary>
/// <param name="Id">In order of arrival.</param>
/// <param name="Node">Who signed it.</param>
/// <param name="Number">The batch's number.</param>
/// <param name="Hash">Its struct hash.</param>
/// <param name="Topic">The node in the topic that it came on: where it is answered.</param>
/// <param name="Received">When, Unix milliseconds.</param>
/// <param name="Message">As it came.</param>
internal sealed record PendingRow(long Id, Address Node, ulong Number, Bytes32 Hash, string Topic, long Received, byte[] Message);

/// <summary>Batches that wait for their predecessors.</summary>
internal sealed class PendingTable(SqliteConnection connection)
{
    /// <summary>A trusted node's batches that wait at most. A node has 64 on their way.</summary>
    public const int LimitPerNode = 256;

    /// <summary>The same for a node that isn't trusted yet.</summary>
    public const int LimitPerStranger = 16;

    /// <summary>Nodes that aren't trusted yet and have batches waiting, at most.</summary>
    public const int StrangerLimit = 1000;

    private const string Columns = "p.id, p.node, p.number, p.hash, p.topic, p.received, p.message";

    public bool Contains(Bytes32 hash) => connection.Prepare("SELECT 1 FROM pending WHERE hash = ?1").Bind(1, hash.AsSpan()).Number() == 1;

    /// <summary>How many of a node's batches wait.</summary>
    public long Count(Address node) => connection.Prepare("SELECT count(*) FROM pending WHERE node = ?1").Bind(1, node.AsSpan()).Number();

    /// <summary>How many nodes that aren't trusted have batches waiting.</summary>
    public long CountStrangers() => connection.Prepare("SELECT count(DISTINCT node) FROM pending WHERE node NOT IN (SELECT address FROM nodes)").Number();

    /// <summary>Adds a batch; its id is given here.</summary>
    public void Add(PendingRow row) =>
        connection.Prepare("INSERT INTO pending(node, number, hash, topic, received, message) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")
            .Bind(1, row.Node.AsSpan()).Bind(2, (long)row.Number).Bind(3, row.Hash.AsSpan()).Bind(4, row.Topic).Bind(5, row.Received).Bind(6, row.Message).Run();

    /// <summary>Puts another copy of a batch in place of the one that waits.</summary>
    public void Replace(Bytes32 hash, ReadOnlySpan<byte> message) =>
        connection.Prepare("UPDATE pending SET message = ?2 WHERE hash = ?1").Bind(1, hash.AsSpan()).Bind(2, message).Run();

    /// <summary>Has a batch that waits answered on another node's topic.</summary>
    public void Redirect(Bytes32 hash, string topic) =>
        connection.Prepare("UPDATE pending SET topic = ?2 WHERE hash = ?1").Bind(1, hash.AsSpan()).Bind(2, topic).Run();

    /// <summary>The first batch that a chain can now take or refuse: up to the number after its last. Null if all wait on.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="next">The number after its last batch's.</param>
    public PendingRow? Due(long chain, ulong next) => connection.Prepare(
        $"SELECT {Columns} FROM pending p JOIN nodes n ON n.address = p.node WHERE n.chain = ?1 AND n.trust > 0 AND p.number <= ?2 ORDER BY p.number, p.id LIMIT 1")
        .Bind(1, chain).Bind(2, (long)next).First(Read);

    /// <summary>Chains that have batches they can now take or refuse.</summary>
    public IReadOnlyList<long> ChainsWithDue() => connection.Prepare(
        """
        SELECT DISTINCT n.chain FROM pending p JOIN nodes n ON n.address = p.node JOIN chains c ON c.chain = n.chain
        WHERE n.trust > 0 AND p.number <= c.batch + 1
        """).All(row => row.Integer(0));

    public IReadOnlyList<PendingRow> All() => connection.Prepare($"SELECT {Columns} FROM pending p ORDER BY p.id").All(Read);

    public void Remove(long id) => connection.Prepare("DELETE FROM pending WHERE id = ?1").Bind(1, id).Run();

    public void RemoveAll(Address node) => connection.Prepare("DELETE FROM pending WHERE node = ?1").Bind(1, node.AsSpan()).Run();

    /// <summary>For each node with batches waiting: how many, and since when the oldest does.</summary>
    public IReadOnlyDictionary<Address, (long Count, long Since)> Waiting() =>
        connection.Prepare("SELECT node, count(*), min(received) FROM pending GROUP BY node")
            .All(row => (Node: row.Address(0), Count: row.Integer(1), Since: row.Integer(2)))
            .ToDictionary(w => w.Node, w => (w.Count, w.Since));

    private static PendingRow Read(SqliteStatement row) =>
        new(row.Integer(0), row.Address(1), (ulong)row.Integer(2), row.Hash(3), row.Text(4), row.Integer(5), row.Blob(6));
}
