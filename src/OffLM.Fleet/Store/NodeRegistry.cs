using OffLM.Edge.Signing;

namespace OffLM.Fleet.Store;

/// <summary>The operator's decisions about nodes. Each runs in a transaction of its own.</summary>
internal sealed class NodeRegistry(FleetDatabase database, TimeProvider time)
{
    private readonly NodeTable _nodes = new(database.Connection);
    private readonly PendingTable _pending = new(database.Connection);

    /// <summary>Has a node's batches settle.</summary>
    public void Trust(Address address) => database.Write(() =>
    {
        if (_nodes.Find(address) is null)
        {
            _nodes.Add(address, Store.Trust.Given, Now());
        }
        else
        {
            _nodes.SetTrust(address, Store.Trust.Given, Now());
        }
    });

    /// <summary>Has a node's batches settle, unless they do by its address already.</summary>
    public void Ensure(Address address)
    {
        if (database.Read(() => _nodes.Find(address)) is not { Trust: Store.Trust.Given })
        {
            Trust(address);
        }
    }

    /// <summary>Has a node's batches settle as those that follow another's, whose key it replaces.</summary>
    /// <exception cref="CommandException">There is no such other node, or the node has a chain of its own.</exception>
    public void TrustAsContinuing(Address address, Address old) => database.Write(() =>
    {
        if (_nodes.Find(old) is not { } earlier || old == address)
        {
            throw new CommandException($"{old} is no node that another could continue. 'offlm-fleet nodes' shows the known ones.");
        }

        if (_nodes.Find(address) is { } known)
        {
            if (known.Chain == earlier.Chain && known.Continues == old)
            {
                _nodes.SetTrust(address, Store.Trust.Given, Now());
                return;
            }

            if (known.Continues is not null || _nodes.Tip(known.Chain).Batch > 0 || _nodes.CountSharing(known.Chain) > 1)
            {
                throw new CommandException($"{address} has batches in a chain already; it can't go on with that of {old}.");
            }

            _nodes.Remove(known);
        }

        _nodes.AddContinuing(address, earlier, Now());
    });

    /// <summary>Has a node's further batches refused. What was settled stays settled.</summary>
    /// <returns>False if it wasn't known; it is now, as one not to be trusted on first use.</returns>
    public bool Withdraw(Address address) => database.Write(() =>
    {
        var known = _nodes.Find(address) is not null;
        if (known)
        {
            _nodes.SetTrust(address, Store.Trust.Withdrawn, Now());
        }
        else
        {
            _nodes.Add(address, Store.Trust.Withdrawn, Now());
        }

        _pending.RemoveAll(address);
        return known;
    });

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
