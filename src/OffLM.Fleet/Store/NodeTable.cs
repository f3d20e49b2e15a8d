using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Store;

/// <summary>The nodes and where their chains stand.</summary>
internal sealed class NodeTable(SqliteConnection connection)
{
    private const string Columns = "address, chain, trust, since, continues";

    public NodeRow? Find(Address address) =>
        connection.Prepare($"SELECT {Columns} FROM nodes WHERE address = ?1").Bind(1, address.AsSpan()).First(Read);

    public IReadOnlyList<NodeRow> All() => connection.Prepare($"SELECT {Columns} FROM nodes ORDER BY since, address").All(Read);

    /// <summary>Adds a node with a chain of its own.</summary>
    public NodeRow Add(Address address, Trust trust, long now)
    {
        connection.Prepare("INSERT INTO chains(batch, hash, node, sequence, boot, class, counter) VALUES(0, ?1, ?2, 0, 0, 0, 0)")
            .Bind(1, Bytes32.Zero.AsSpan()).Bind(2, address.AsSpan()).Run();
        var chain = connection.Prepare("SELECT last_insert_rowid()").Number();
        return Insert(new(address, chain, trust, now, null));
    }

    /// <summary>Adds a node that goes on with another's chain.</summary>
    public NodeRow AddContinuing(Address address, NodeRow old, long now) => Insert(new(address, old.Chain, Trust.Given, now, old.Address));

    public void SetTrust(Address address, Trust trust, long now) =>
        connection.Prepare("UPDATE nodes SET trust = ?2, since = ?3 WHERE address = ?1").Bind(1, address.AsSpan()).Bind(2, (long)trust).Bind(3, now).Run();

    /// <summary>Forgets a node whose chain never got a batch.</summary>
    public void Remove(NodeRow node)
    {
        connection.Prepare("DELETE FROM nodes WHERE address = ?1").Bind(1, node.Address.AsSpan()).Run();
        connection.Prepare("DELETE FROM chains WHERE chain = ?1").Bind(1, node.Chain).Run();
    }

    /// <summary>How many addresses a chain has had.</summary>
    public long CountSharing(long chain) => connection.Prepare("SELECT count(*) FROM nodes WHERE chain = ?1").Bind(1, chain).Number();

    /// <exception cref="FormatException">The chain's row is missing or damaged.</exception>
    public ChainTip Tip(long chain) =>
        connection.Prepare("SELECT batch, hash, node, sequence, boot, class, counter FROM chains WHERE chain = ?1").Bind(1, chain).First(row => new ChainTip(
            (ulong)row.Integer(0), row.Hash(1), row.Address(2), (ulong)row.Integer(3), (uint)row.Integer(4), (KeyClass)row.Integer(5), (uint)row.Integer(6)))
        ?? throw new FormatException($"The collector's database is damaged: chain {chain} is missing. Run verify.");

    public void SetTip(long chain, ChainTip tip) =>
        connection.Prepare("UPDATE chains SET batch = ?2, hash = ?3, node = ?4, sequence = ?5, boot = ?6, class = ?7, counter = ?8 WHERE chain = ?1")
            .Bind(1, chain).Bind(2, (long)tip.Batch).Bind(3, tip.Hash.AsSpan()).Bind(4, tip.Node.AsSpan()).Bind(5, (long)tip.Sequence)
            .Bind(6, tip.Boot).Bind(7, (long)tip.KeyClass).Bind(8, tip.KeyCounter).Run();

    private NodeRow Insert(NodeRow node)
    {
        var row = connection.Prepare("INSERT INTO nodes(address, chain, trust, since, continues) VALUES(?1, ?2, ?3, ?4, ?5)")
            .Bind(1, node.Address.AsSpan()).Bind(2, node.Chain).Bind(3, (long)node.Trust).Bind(4, node.Since);
        (node.Continues is { } old ? row.Bind(5, old.AsSpan()) : row.BindNull(5)).Run();
        return node;
    }

    private static NodeRow Read(SqliteStatement row) => new(
        row.Address(0), row.Integer(1), (Trust)row.Integer(2), row.Integer(3), row.IsNull(4) ? null : row.Address(4));
}
