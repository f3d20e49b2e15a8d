using System.Numerics;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Fleet.Store;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Settlements;

/// <summary>Closes settlement periods, and proves what is in them.</summary>
internal sealed class Settler(FleetDatabase database, TimeProvider time)
{
    private readonly SettlementTable _settlements = new(database.Connection);

    /// <summary>Puts all settled batches that are in no settlement into one, and signs it.</summary>
    /// <param name="notary">The collector's key.</param>
    /// <param name="domain">The network.</param>
    /// <returns>The settlement; null if there is nothing to settle.</returns>
    /// <exception cref="CommandException">The fees are beyond what a settlement holds.</exception>
    public SettlementRow? Close(Notary notary, TypedDomain domain) => database.Write(() =>
    {
        var batches = _settlements.Open();
        if (batches.Count == 0)
        {
            return null;
        }

        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        new MetaTable(database.Connection).AddCollector(notary.Collector, now);
        var row = Compose(batches, _settlements.Last(), (ulong)now);
        row = row with { Collector = notary.Collector, Signature = notary.Sign(row.Settlement, domain) };
        _settlements.Close(row);
        return row;
    });

    /// <summary>The proof that a node's batch is in its settlement.</summary>
    /// <exception cref="CommandException">It is in none.</exception>
    public SettlementProof Prove(Address node, ulong batch) => database.Read(() =>
    {
        if (_settlements.Find(node, batch) is not var (number, hash))
        {
            throw new CommandException($"Batch {batch} of {node} is in no settlement: it isn't settled, or was since the last 'offlm-fleet settle'.");
        }

        var leaves = _settlements.Members(number).Select(b => b.Hash).ToArray();
        var (tree, index) = (new MerkleTree(leaves), leaves.IndexOf(hash));
        return new SettlementProof(number, index, hash, tree.Proof(index), tree.Root);
    });

    /// <summary>A settlement, not signed yet.</summary>
    /// <param name="batches">Its batches, in the order of leaves; at least one.</param>
    /// <param name="last">The settlement before; null for the first.</param>
    /// <param name="closedAt">Unix milliseconds.</param>
    /// <exception cref="CommandException">The fees are beyond what a settlement holds.</exception>
    public static SettlementRow Compose(IReadOnlyList<SettledBatch> batches, SettlementRow? last, ulong closedAt)
    {
        var (sums, hidden) = (new Sums(), 0ul);
        foreach (var batch in batches)
        {
            sums.Add(batch.Sums);
            hidden += batch.Hidden;
        }

        var fees = sums[Figure.Fees];
        return new(
            new Settlement
            {
                Number = (last?.Settlement.Number ?? 0) + 1,
                Previous = last?.Hash ?? Bytes32.Zero,
                Batches = (ulong)batches.Count,
                Receipts = (ulong)sums[Figure.Receipts],
                Root = new MerkleTree([.. batches.Select(b => b.Hash)]).Root,
                Fees = fees <= (BigInteger)UInt128.MaxValue ? (UInt128)fees : throw new CommandException($"The fees add up to {fees} atto; a settlement holds less than 2^128."),
                ClosedAt = closedAt,
            },
            hidden, sums, default, default);
    }
}
