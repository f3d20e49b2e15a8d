using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Network.Tests.Support;

namespace OffLM.Edge.Network.Tests;

/// <summary>Whoever can publish on the verdict topic can send anything: only what a trusted collector signed counts, and it counts once.</summary>
public sealed class HostileBrokerTests
{
    [Fact]
    public async Task M20_Noise_forgeries_repetitions_and_any_order_change_nothing_but_counts()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        var waiting = new List<ReceiptBatch>();
        collector.Answer = batch =>
        {
            waiting.Add(batch.Batch);
            return TestCollector.SilenceAsync(batch);
        };
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri));
        await node.FillAsync(batches: 4);
        await Eventually.HoldsAsync(() => waiting.Count == 4);

        byte[][] bad =
        [
            [], [0xFF, 0x01], new byte[100_000],
            await VerdictWriter.WriteAsync(waiting[0], by: TestKeys.Stranger),
            await VerdictWriter.WriteAsync(waiting[0], node: TestKeys.Stranger.Address),
            await VerdictWriter.WriteAsync(waiting[0] with { Batch = 3 }, Verdict.Refused, "no"),
            await VerdictWriter.WriteAsync(waiting[0] with { Batch = 77 }),
        ];
        foreach (var payload in bad)
        {
            await collector.SendAsync(node.Address, payload);
        }

        await Eventually.HoldsAsync(() => node.Status.RejectedVerdicts.Values.Sum() == bad.Length, () => string.Join(", ", node.Status.RejectedVerdicts));
        Assert.Equal(4ul, node.Outbox.Unsettled);
        Assert.Equal(new Dictionary<string, long> { ["malformed"] = 3, ["untrustedSigner"] = 1, ["otherNode"] = 1, ["otherHash"] = 1, ["unknownBatch"] = 1 }, node.Status.RejectedVerdicts);

        foreach (var batch in waiting.AsEnumerable().Reverse())
        {
            await collector.SendAsync(node.Address, await VerdictWriter.WriteAsync(batch));
            await collector.SendAsync(node.Address, await VerdictWriter.WriteAsync(batch));
            await collector.SendAsync(node.Address, await VerdictWriter.WriteAsync(batch, Verdict.Refused, "on second thoughts"));
        }

        await node.SettledAsync();
        await Eventually.HoldsAsync(() => node.Status.RejectedVerdicts.GetValueOrDefault("contradiction") == 4);
        Assert.Equal((4, 0, 4), (node.Status.Counts.Settled, node.Status.Counts.Refused, node.Status.Counts.Repeated));
        Assert.Equal(0ul, node.Outbox.Refused);
    }

    [Fact]
    public async Task A_verdict_that_comes_after_the_next_start_still_counts()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        var settle = collector.Answer;
        collector.Answer = TestCollector.SilenceAsync;
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri), sending: SyncedNode.NeverAgain);
        await node.FillAsync(batches: 1);
        await Eventually.HoldsAsync(() => collector.Numbers.Count == 1);
        var payload = Assert.Single(await settle(collector.Received[0]));

        await node.StopAsync();
        await collector.SendAsync(node.LastAddress, payload);
        await node.StartAgainAsync();
        await node.SettledAsync();
    }
}
