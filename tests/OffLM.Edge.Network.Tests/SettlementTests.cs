using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Network.Tests.Support;

namespace OffLM.Edge.Network.Tests;

/// <summary>From a signed batch to its verdict, through a real broker.</summary>
public sealed class SettlementTests
{
    [Fact]
    public async Task M12_What_is_signed_is_sent_in_order_and_settled()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri), sending: SyncedNode.NeverAgain);
        await node.ConnectedAsync();

        await node.FillAsync(batches: 5);
        await node.SettledAsync();

        Assert.Equal([1ul, 2, 3, 4, 5], collector.Numbers);
        Assert.All(collector.Received, batch => Assert.True(batch.IsProven));
        await Eventually.HoldsAsync(() => node.Status.Counts.Settled == 5);   // counted when the ledger has it
        Assert.Equal((5, 0), (node.Status.Counts.BatchesSent, node.Status.Counts.BatchesSentAgain));
        Assert.Empty(node.Status.Problems);
    }

    [Fact]
    public async Task What_was_signed_before_the_broker_was_there_is_settled_when_it_comes()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await broker.KillAsync();
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri));
        await node.FillAsync(batches: 3);
        await Eventually.HoldsAsync(() => node.Status.Problems.Any(p => p.Contains("is down, receipts wait in the ledger", StringComparison.Ordinal)));
        Assert.Equal(3ul, node.Outbox.Unsettled);

        await broker.StartAgainAsync(keepStore: false);
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        await node.SettledAsync();

        Assert.Empty(node.Status.Problems);
    }

    [Fact]
    public async Task M13_A_batch_that_nobody_answers_is_sent_again_and_again_until_somebody_does()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        var settle = collector.Answer;
        collector.Answer = batch => collector.Numbers.Count < 3 ? TestCollector.SilenceAsync(batch) : settle(batch);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri), sync: false);
        await node.FillAsync(batches: 1, receiptsEach: 1);   // of several, the node's start might sign the first by itself
        node.StartSync(new FastTime());

        await node.SettledAsync();

        Assert.Equal([1ul, 1, 1], collector.Numbers);
        Assert.Equal((3, 2, 1), (node.Status.Counts.BatchesSent, node.Status.Counts.BatchesSentAgain, node.Status.Counts.Connections));
    }

    [Fact]
    public async Task A_refused_batch_shows_its_reason_and_settles_after_it_was_sent_again()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        var settle = collector.Answer;
        collector.Answer = async batch => [await VerdictWriter.WriteAsync(batch.Batch, Verdict.Refused, "the tariff is not known")];
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri), sending: SyncedNode.NeverAgain);
        await node.FillAsync(batches: 2);
        await Eventually.HoldsAsync(() => node.Outbox.Refused == 2);
        Assert.Contains(node.Node.Status().Problems, p => p.Contains("refused 2 batches of receipts, last batch 2: the tariff is not known", StringComparison.Ordinal));

        collector.Answer = settle;
        Assert.Equal(2, await node.Node.ResendAsync(null));
        await Eventually.HoldsAsync(() => node.Outbox is { Unsettled: 0, Refused: 0 });

        Assert.Equal([1ul, 2, 1, 2], collector.Numbers);
        Assert.Empty(node.Node.Status().Problems);
    }
}
