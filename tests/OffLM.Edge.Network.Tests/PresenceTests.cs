using System.Text.Json;
using OffLM.Edge.Network.Tests.Support;
using OffLM.Edge.Signing;
using OffLM.Mqtt.Contracts;

namespace OffLM.Edge.Network.Tests;

/// <summary>What the network knows of a node without asking it.</summary>
public sealed class PresenceTests
{
    [Fact]
    public async Task M7_Who_comes_later_reads_what_the_node_is_and_that_it_is_there()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri));
        await node.ConnectedAsync();
        await Eventually.HoldsAsync(() => node.Status.Counts.Connections == 1);

        await using var tap = await WireTap.StartAsync(broker.Uri);
        await Eventually.HoldsAsync(() => tap.On(node.Topics.Birth).Any() && tap.On(node.Topics.State).Any());

        var birth = JsonDocument.Parse(tap.On(node.Topics.Birth).Last().Payload).RootElement;
        Assert.Equal((1, 1), (birth.GetProperty("schema").GetInt32(), birth.GetProperty("boot").GetInt32()));
        Assert.Equal(("offlm-edge", "1.2.3-test"), (birth.GetProperty("software").GetProperty("name").GetString(), birth.GetProperty("software").GetProperty("version").GetString()));
        Assert.Equal((node.Address.ToString(), "file"), (birth.GetProperty("key").GetProperty("address").GetString(), birth.GetProperty("key").GetProperty("class").GetString()));
        Assert.Equal(TypedDomain.TestNetwork.ChainId, birth.GetProperty("network").GetProperty("chainId").GetUInt64());
        Assert.Empty(birth.GetProperty("models").EnumerateArray());
        Assert.False(birth.GetProperty("rolledBack").GetBoolean());
        Assert.Equal("online", tap.Values(node.Topics.State, "state")[^1]);
    }

    [Fact]
    public async Task M9_A_planned_stop_says_draining_then_offline_at_once()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var tap = await WireTap.StartAsync(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri));
        await node.ConnectedAsync();
        var topic = node.Topics.State;
        await Eventually.HoldsAsync(() => tap.On(topic).Any());

        await node.Sync!.DrainingAsync();
        await node.StopAsync();

        await Eventually.HoldsAsync(() => tap.On(topic).Count() == 3);
        Assert.Equal(["online", "draining", "offline"], tap.Values(topic, "state"));
        Assert.Equal(["1", "1", "1"], tap.Values(topic, "boot"));
        await node.StartAgainAsync();
        await Eventually.HoldsAsync(() => tap.Values(topic, "boot")[^1] == "2" && tap.Values(topic, "state")[^1] == "online");
    }

    [Fact]
    public async Task The_last_batch_leaves_before_a_planned_stop()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri), sending: SyncedNode.NeverAgain);
        await node.ConnectedAsync();
        await SampleLedger.AppendAsync(node.Node.Ledger, 2);

        await node.StopAsync();

        await Eventually.HoldsAsync(() => collector.Numbers.SequenceEqual([1ul]));
    }

    [Fact]
    public async Task M8_For_a_node_that_is_gone_the_broker_says_so()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await using var tap = await WireTap.StartAsync(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(proxy.Uri));
        await node.ConnectedAsync();
        var topic = node.Topics.State;
        await Eventually.HoldsAsync(() => tap.On(topic).Any());

        await proxy.RefuseAsync();

        await Eventually.HoldsAsync(() => tap.Values(topic, "state")[^1] == "offline");
        Assert.Equal("1", tap.Values(topic, "boot")[^1]);
    }

    [Fact]
    public async Task M6_While_the_key_is_locked_the_node_goes_by_the_address_of_its_ledger()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri));
        await node.ConnectedAsync();
        var address = node.Address;
        await node.StopAsync();
        File.Move(node.KeyFile, node.KeyFile + ".away");

        await node.StartAgainAsync();
        await node.ConnectedAsync();

        Assert.Null(node.Node.Key.Address);
        Assert.Equal(address, node.Status.Identity);
    }

    [Fact]
    public async Task A_node_that_never_had_a_key_waits_for_it()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri), o => o with { Key = KeyUri.Parse("card:") });

        await Eventually.HoldsAsync(() => node.Status.Problems.Any(p => p.StartsWith("The node has no address before its key was unlocked", StringComparison.Ordinal)));

        Assert.Null(node.Status.Identity);
    }

    [Fact]
    public async Task M11_Telemetry_tells_what_waits_and_is_not_kept_for_those_who_were_not_there()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var tap = await WireTap.StartAsync(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri) with { TelemetryInterval = TimeSpan.FromMilliseconds(200) });
        await node.FillAsync(batches: 2);

        await Eventually.HoldsAsync(() => tap.On(node.Topics.Telemetry).Count() >= 2);

        var last = TelemetryMessage.Parser.ParseFrom(tap.On(node.Topics.Telemetry).Last().Payload.Span);
        Assert.Equal((1u, 2ul, 6ul, 0ul), (last.Boot, last.UnsettledBatches, last.UnsettledReceipts, last.RefusedBatches));
        Assert.InRange(last.IntervalMs, 1u, 10_000u);
        Assert.True(last.OldestUnsettledClosedAt > 0 && last.UptimeMs > 0 && last.At > 0);
        Assert.All(tap.On(node.Topics.Telemetry), m => Assert.True(m is { Delivery: Mqtt.Delivery.AtMostOnce, Retain: false, Expiry: not null }));
    }
}
