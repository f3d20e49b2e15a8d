using OffLM.Edge.Network.Tests.Support;

namespace OffLM.Edge.Network.Tests;

/// <summary>A node whose key was replaced, and the collector that operators run.</summary>
public sealed class ReplacedKeyTests
{
    [Fact]
    public async Task M29_What_the_earlier_key_signed_settles_under_its_address_also_where_the_verdict_was_given_while_nobody_listened()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await using var collector = new RealCollector(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(proxy.Uri));
        var earlier = node.Address;
        await collector.StartAsync();
        collector.Trust(earlier);
        await collector.StopAsync();

        // The broker keeps them for the collector, which answers when the node is gone.
        await node.ConnectedAsync();
        await node.FillAsync(batches: 2);
        await Eventually.HoldsAsync(() => node.Status.Counts.BatchesSent == 2);
        await proxy.RefuseAsync();
        await collector.StartAsync();
        await Eventually.HoldsAsync(() => collector.Settled(earlier) == 2);
        Assert.Equal(2ul, node.Outbox.Unsettled);

        await node.RestartAsync(replaceKey: true);
        await Eventually.HoldsAsync(() => node.Node.Key.Address is not null);
        collector.TrustAsContinuing(node.Address, earlier);
        await node.FillAsync(batches: 2);
        await node.RestartAsync();   // by now the link may be waiting a minute for its next attempt
        proxy.Listen();
        await node.SettledAsync();

        Assert.NotEqual(earlier, node.Address);
        Assert.Equal((2, 2), (collector.Settled(earlier), collector.Settled(node.Address)));
        await Eventually.HoldsAsync(() => node.Status.Counts.Settled == 4);
        Assert.All(node.Status.RejectedVerdicts, rejected => Assert.Equal(0, rejected.Value));
    }
}
