using OffLM.Edge.Network.Tests.Support;

namespace OffLM.Edge.Network.Tests;

/// <summary>Whatever happens to the broker, the link or the node, everything settles once.</summary>
public sealed class OutageTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_broker_that_was_killed_and_comes_back_with_or_without_its_store_gets_everything(bool keepStore)
    {
        await using var broker = await MosquittoBroker.StartAsync(new() { Persistence = true });
        await using var proxy = FaultyProxy.Start(broker.Port);
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        var settle = collector.Answer;
        collector.Answer = TestCollector.SilenceAsync;
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(proxy.Uri));
        await node.FillAsync(batches: 3);
        await Eventually.HoldsAsync(() => collector.Numbers.Distinct().Count() == 3);

        await broker.KillAsync();
        await proxy.RefuseAsync();
        await node.FillAsync(batches: 2);
        collector.Answer = settle;
        await broker.StartAgainAsync(keepStore);
        await collector.ConnectedAsync();
        proxy.Listen();
        await node.SettledAsync();

        Assert.Equal([1ul, 2, 3, 4, 5], collector.Numbers.Distinct().Order().ToArray());
        Assert.True(node.Status.Counts.Connections >= 2, "The link did not come back.");
    }

    [Fact]
    public async Task M31_After_a_broker_lost_its_store_a_node_that_is_back_before_the_collector_need_not_wait_a_minute()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await using var collector = await TestCollector.StartAsync(proxy.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri));
        await node.FillAsync(batches: 2);
        await node.SettledAsync();

        await broker.KillAsync();
        await proxy.RefuseAsync();
        await node.FillAsync(batches: 2);
        await broker.StartAgainAsync(keepStore: false);
        await Eventually.HoldsAsync(() => node.Status.Counts.BatchesSent == 4);
        var lost = TimeProvider.System.GetTimestamp();
        proxy.Listen();
        await node.SettledAsync();

        Assert.InRange(TimeProvider.System.GetElapsedTime(lost).TotalSeconds, 0, 40);
    }

    [Fact]
    public async Task A_link_that_goes_dead_silently_is_noticed_and_made_anew()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(proxy.Uri) with { KeepAlive = TimeSpan.FromSeconds(1) });
        await node.ConnectedAsync();

        proxy.Partition();
        await node.FillAsync(batches: 2);
        await Eventually.HoldsAsync(() => !node.Status.Link.IsConnected);
        Assert.Equal(2ul, node.Outbox.Unsettled);
        proxy.Heal();
        proxy.Cut();

        await node.SettledAsync();
    }

    [Fact]
    public async Task A_link_that_breaks_again_and_again_loses_nothing()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(proxy.Uri));
        for (var round = 1; round <= 3; round++)
        {
            await node.ConnectedAsync();
            await node.FillAsync(batches: 3, receiptsEach: 2);
            proxy.Cut();
            await Eventually.HoldsAsync(() => !node.Status.Link.IsConnected);
            await node.FillAsync(batches: 1, receiptsEach: 2);
        }

        await node.SettledAsync();

        Assert.Equal(Enumerable.Range(1, 12).Select(i => (ulong)i).ToArray(), collector.Numbers.Distinct().Order().ToArray());
    }

    [Fact]
    public async Task After_the_link_comes_up_the_first_batch_leaves_at_once()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await proxy.RefuseAsync();
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(proxy.Uri));
        await node.FillAsync(batches: 40, receiptsEach: 20);
        proxy.Listen();
        await node.ConnectedAsync();
        var up = TimeProvider.System.GetTimestamp();

        await Eventually.HoldsAsync(() => collector.Numbers.Count > 0);

        // Milliseconds; a busy machine gets seconds, which is far from the pauses after which something is sent again.
        Assert.InRange(TimeProvider.System.GetElapsedTime(up).TotalSeconds, 0, 3);
        await node.SettledAsync();
    }

    [Fact]
    public async Task A_node_that_restarts_in_the_middle_goes_on_from_its_ledger()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        var settle = collector.Answer;
        collector.Answer = batch => batch.Batch.Batch <= 2 ? settle(batch) : TestCollector.SilenceAsync(batch);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri), sending: SyncedNode.NeverAgain);
        await node.FillAsync(batches: 4);
        await Eventually.HoldsAsync(() => node.Outbox.Unsettled == 2 && collector.Numbers.Count == 4);

        collector.Answer = settle;
        await node.RestartAsync();
        await node.SettledAsync();

        Assert.Equal([1ul, 2, 3, 4, 3, 4], collector.Numbers);
        Assert.Equal(2, node.Status.Counts.BatchesSentAgain);
    }

    [Fact]
    public async Task Clocks_that_are_wrong_by_years_settle_all_the_same()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri), time: new ShiftedTime(TimeSpan.FromDays(-365 * 40)));
        await node.FillAsync(batches: 2);
        await node.SettledAsync();

        Assert.All(collector.Received, batch => Assert.True(batch.IsProven));
        Assert.All(collector.Received, batch => Assert.InRange(batch.Batch.ClosedAt, 1ul, 1_000_000_000_000ul));
    }

    [Fact]
    public async Task M29_When_the_key_is_replaced_the_earlier_key_s_batches_settle_too()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        var settle = collector.Answer;
        collector.Answer = TestCollector.SilenceAsync;
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri), sending: SyncedNode.NeverAgain);
        await node.FillAsync(batches: 1);
        await Eventually.HoldsAsync(() => collector.Numbers.Count == 1);
        var earlier = node.Address;

        await node.RestartAsync(replaceKey: true);
        collector.Answer = settle;
        await node.FillAsync(batches: 1);
        await node.SettledAsync();

        Assert.NotEqual(earlier, node.Address);
        Assert.Equal([earlier, node.Address], collector.Received.OrderBy(b => b.Batch.Batch).Select(b => b.Batch.Node).Distinct().ToArray());
        Assert.Equal(node.Address, node.Status.Identity);
    }

    [Fact]
    public async Task M30_A_damaged_row_keeps_only_its_own_batch_back_and_is_named()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri), sync: false);
        await node.FillAsync(batches: 3);
        node.Damage("UPDATE receipts SET crc = crc + 1 WHERE sequence = 5");
        node.StartSync(SyncedNode.NeverAgain);

        await Eventually.HoldsAsync(() => node.Outbox.Unsettled == 1);

        Assert.Equal([1ul, 3], collector.Numbers);
        Assert.Contains(node.Status.Problems, p => p.StartsWith("Batch 2 can't be sent: the row of receipt 5 is damaged", StringComparison.Ordinal));
        node.Damage("UPDATE receipts SET crc = crc - 1 WHERE sequence = 5");
        await node.FillAsync(batches: 1);
        await node.SettledAsync();
        Assert.Empty(node.Status.Problems);
    }
}
