using OffLM.Edge.Network.Receipts;
using OffLM.Edge.Network.Tests.Support;

namespace OffLM.Edge.Network.Tests;

public sealed class BacklogTests
{
    [Fact]
    public async Task M14_Twenty_thousand_receipts_settle_while_only_a_window_of_them_is_ever_on_its_way()
    {
        const int Receipts = 20_000;
        await using var broker = await MosquittoBroker.StartAsync();
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri), sync: false);
        await SampleLedger.AppendAsync(node.Node.Ledger, Receipts);
        await node.Node.SealAsync(CancellationToken.None);
        var batches = (int)node.Outbox.Unsettled;
        Assert.InRange(batches, SendWindow.MaxBatches + 1, Receipts);
        var settle = collector.Answer;
        collector.Answer = TestCollector.SilenceAsync;

        node.StartSync(SyncedNode.NeverAgain);
        await Eventually.HoldsAsync(() => node.Status.Counts.BatchesSent == SendWindow.MaxBatches, () => node.Status.Counts.ToString());
        collector.Answer = settle;
        foreach (var batch in collector.Received)
        {
            await collector.SendAsync(node.Address, Assert.Single(await settle(batch)));
        }

        await node.SettledAsync();

        Assert.Equal(batches, collector.Numbers.Distinct().Count());
        Assert.Equal(Receipts, collector.Received.DistinctBy(b => b.Batch.Batch).Sum(b => b.Leaves.Length));
        Assert.Equal(0, node.Status.Counts.BatchesSentAgain);
        Assert.Empty(node.Status.Problems);
    }
}
