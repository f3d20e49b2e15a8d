using System.Numerics;
using OffLM.Edge.Signing;
using OffLM.Fleet.Store;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Reports;

/// <summary>What was settled of one node, and what wasn't.</summary>
/// <param name="Node">Its address.</param>
/// <param name="Batches">Settled batches.</param>
/// <param name="Receipts">Settled receipts, the hidden ones with them.</param>
/// <param name="Hidden">Those of them that came only as leaves.</param>
/// <param name="Fees">In atto.</param>
/// <param name="Refused">Refused batches.</param>
/// <param name="Pending">Batches that wait for their predecessors.</param>
internal sealed record NodeReport(Address Node, long Batches, long Receipts, long Hidden, BigInteger Fees, long Refused, long Pending)
{
    /// <summary>All nodes that are known or have batches waiting, as of one moment.</summary>
    public static IReadOnlyList<NodeReport> Read(FleetDatabase database) => database.Read(() =>
    {
        var nodes = new NodeTable(database.Connection).All();
        var waiting = new PendingTable(database.Connection).Waiting();
        var judged = database.Connection.Prepare(
            """
            SELECT node, sum(verdict = 1), sum(CASE verdict WHEN 1 THEN count ELSE 0 END), sum(hidden), sum(verdict = 2) FROM batches GROUP BY node
            """)
            .All(row => (Node: row.Address(0), Settled: row.Integer(1), Receipts: row.Integer(2), Hidden: row.Integer(3), Refused: row.Integer(4)))
            .ToDictionary(j => j.Node);
        var fees = new Dictionary<Address, BigInteger>();
        foreach (var (key, sums) in new TotalsTable(database.Connection).All())
        {
            fees[key.Node] = fees.GetValueOrDefault(key.Node) + sums[Figure.Fees];
        }

        return nodes.Select(n => n.Address).Union(waiting.Keys).Select(node =>
        {
            var batches = judged.GetValueOrDefault(node);
            return new NodeReport(
                node, batches.Settled, batches.Receipts, batches.Hidden, fees.GetValueOrDefault(node), batches.Refused, waiting.GetValueOrDefault(node).Count);
        }).ToList();
    });
}
