using System.Text;
using OffLM.Edge.Metering.Batches;
using OffLM.Fleet.Reports;
using OffLM.Fleet.Store;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Tests.Support;

/// <summary>All that must not depend on the order in which messages came, as text.</summary>
internal static class BookState
{
    public static string Of(FleetDatabase database)
    {
        var (nodes, batches) = (new NodeTable(database.Connection), new BatchTable(database.Connection));
        var text = new StringBuilder();
        foreach (var node in nodes.All().OrderBy(n => n.Address.ToString(), StringComparer.Ordinal))
        {
            text.AppendLine($"{node.Address} {node.Trust} {nodes.Tip(node.Chain)}");
            foreach (var batch in batches.Links(node.Chain, 0, int.MaxValue))
            {
                text.AppendLine($"  {batch.Number} {batch.Hash} {batch.Verdict} {batch.Refusal?.Kind} {batch.Hidden} {batch.Sums[Figure.Fees]}");
            }
        }

        foreach (var (key, sums) in new TotalsTable(database.Connection).All())
        {
            text.AppendLine($"{key}: {string.Join(' ', Enum.GetValues<Figure>().Select(f => sums[f]))}");
        }

        foreach (var (node, (count, _)) in new PendingTable(database.Connection).Waiting())
        {
            text.AppendLine($"{node}: {count} pending");
        }

        return text.ToString();
    }

    /// <summary>Everything in the database holds by its evidence.</summary>
    public static StoreVerification AssertHolds(FleetDatabase database)
    {
        var verified = StoreVerifier.Verify(database, CancellationToken.None);
        Assert.True(verified.Holds, string.Join('\n', verified.Findings));
        return verified;
    }

    /// <summary>What a collector's start writes down.</summary>
    public static void Introduce(TestBook book) => book.Database.Write(() => new MetaTable(book.Database.Connection).AddCollector(book.Key.Address, 0));
}
