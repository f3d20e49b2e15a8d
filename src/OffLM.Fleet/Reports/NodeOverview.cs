using OffLM.Edge.Signing;
using OffLM.Fleet.Store;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Reports;

/// <summary>What is known of a node. Times in Unix milliseconds.</summary>
/// <param name="Node">Its address.</param>
/// <param name="Row">How it is trusted; null if it isn't and never was.</param>
/// <param name="Presence">What it last told, unsigned; null if it told nothing.</param>
/// <param name="Tip">Where its chain stands; null without one.</param>
/// <param name="Pending">Batches that wait for their predecessors.</param>
/// <param name="GapSince">Since when the oldest of them waits, where that is too long for mere disorder; null if none does.</param>
/// <param name="Refused">Refused batches.</param>
/// <param name="Incidents">How often something happened that should be looked at.</param>
internal sealed record NodeOverview(
    Address Node, NodeRow? Row, PresenceRow? Presence, ChainTip? Tip, long Pending, long? GapSince, long Refused, long Incidents)
{
    /// <summary>How long a batch may wait for its predecessor before that counts as missing.</summary>
    public static readonly TimeSpan GapAfter = TimeSpan.FromMinutes(10);

    /// <summary>All nodes of which anything is known, as of one moment.</summary>
    public static IReadOnlyList<NodeOverview> Read(FleetDatabase database, DateTimeOffset now) => database.Read(() =>
    {
        var table = new NodeTable(database.Connection);
        var nodes = table.All().ToDictionary(n => n.Address);
        var presence = new PresenceTable(database.Connection).All();
        var waiting = new PendingTable(database.Connection).Waiting();
        var incidents = new IncidentTable(database.Connection).CountByNode();
        var refused = database.Connection.Prepare("SELECT node, count(*) FROM batches WHERE verdict = 2 GROUP BY node")
            .All(row => (Node: row.Address(0), Count: row.Integer(1))).ToDictionary(r => r.Node, r => r.Count);
        var gapBefore = (now - GapAfter).ToUnixTimeMilliseconds();
        return nodes.Keys.Union(presence.Keys).Union(waiting.Keys).Union(incidents.Keys).Select(node =>
        {
            var row = nodes.GetValueOrDefault(node);
            var (pending, since) = waiting.GetValueOrDefault(node);
            return new NodeOverview(
                node, row, presence.GetValueOrDefault(node), row is null ? null : table.Tip(row.Chain), pending,
                pending > 0 && since < gapBefore ? since : null, refused.GetValueOrDefault(node), incidents.GetValueOrDefault(node));
        }).ToList();
    });

    /// <summary>In one word.</summary>
    public string TrustWord => Row?.Trust switch
    {
        Trust.Given => "trusted",
        Trust.FirstUse => "first use",
        Trust.Withdrawn => "distrusted",
        _ => "unknown",
    };
}
