using OffLM.Edge.Network.Tests.Support;

namespace OffLM.Edge.Network.Tests;

/// <summary>Links that end within a packet. Apart from the other outages, as most of it is waiting.</summary>
public sealed class BrokenPacketTests
{
    [Theory]
    [InlineData(nameof(CutKind.Reset))]
    [InlineData(nameof(CutKind.Close))]
    [InlineData(nameof(CutKind.Silence))]
    public async Task A_link_that_breaks_in_the_middle_of_packets_loses_nothing(string how)
    {
        var kind = Enum.Parse<CutKind>(how);

        // Within CONNECT and CONNACK, a batch, and a verdict or the SUBACK; each link breaks so until all have.
        var cuts = new Queue<LinkCut>([new(true, 40, kind), new(false, 7, kind), new(true, 900, kind), new(false, 70, kind)]);
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(proxy.Uri) with { KeepAlive = TimeSpan.FromSeconds(1) });
        await node.ConnectedAsync();
        await node.FillAsync(batches: 2, receiptsEach: 5);
        await node.SettledAsync();
        LinkCut? current = null;
        proxy.NextCut = () => current is null or { Happened: not null } ? cuts.TryDequeue(out current) ? current : null : current;

        proxy.Cut();
        await node.FillAsync(batches: 6, receiptsEach: 5);
        await Eventually.HoldsAsync(() => cuts.Count == 0 && current is { Happened: not null }, () => $"{current}, {cuts.Count} more; {node.Status.Link}");
        await node.SettledAsync();
        await node.ConnectedAsync();

        Assert.Equal(Enumerable.Range(1, 8).Select(i => (ulong)i).ToArray(), collector.Numbers.Distinct().Order().ToArray());
        Assert.Empty(node.Status.Problems);
    }
}
