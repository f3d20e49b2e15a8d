using System.Text;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Tests.Settlement;

/// <summary>Whoever reaches the broker may publish anything as a verdict or a batch: it settles nothing, unsettles nothing, and is counted.</summary>
public sealed class VerdictTests
{
    [Fact]
    public async Task A_verdict_of_another_key_settles_and_refuses_nothing_and_is_counted()
    {
        await using var fleet = await SettlingFleet.StartAsync();
        await fleet.Collector.StopAsync();
        await using var forger = await Eavesdropper.StartAsync(fleet.Broker.Uri);
        using var key = KeyFile.Create(fleet["forger.json"], "forger");
        await fleet.AskAsync(1);
        await fleet.SignedAsync();
        var batch = Newest(fleet);

        await forger.SendVerdictAsync(batch.Batch.Node, await Eavesdropper.SignAsync(key, batch, Verdict.Settled));
        await forger.SendVerdictAsync(batch.Batch.Node, await Eavesdropper.SignAsync(key, batch, Verdict.Refused, "because I say so"));
        await fleet.HoldsAsync(async () => await fleet.RejectedAsync("untrustedSigner") == 2, "The forged verdicts are not counted.");
        Assert.Contains(key.Address.ToString(), (await fleet.SyncAsync()).GetProperty("lastRejected").GetString(), StringComparison.Ordinal);
        Assert.Equal((1ul, 0ul), (fleet.Outbox().Unsettled, fleet.Outbox().Refused));

        await fleet.StartCollectorAsync();
        Assert.Equal(1ul, (await fleet.SettledExactlyOnceAsync()).Receipts);
    }

    [Fact]
    public async Task What_is_settled_stays_settled_when_verdicts_are_repeated_come_late_or_contradict()
    {
        await using var fleet = await SettlingFleet.PrepareAsync();
        await using var replayer = await Eavesdropper.StartAsync(fleet.Broker.Uri);
        await fleet.StartCollectorAsync();
        await fleet.StartNodeAsync();
        await fleet.AskAsync(1);
        await fleet.ClosedAsync();
        var batch = Newest(fleet);
        using var key = KeyFile.Open(fleet.Collecting.Key, KeyPassword.Find(fleet.Collecting.Key)!.Value);
        await fleet.HoldsAsync(() => Task.FromResult(replayer.Verdicts.Count > 0), "The verdict was not overheard.");
        var verdict = replayer.Verdicts[0];

        await RepeatAndContradictAsync();

        // After its next start the node knows it from the ledger only.
        await fleet.StopNodeAsync();
        await replayer.SendVerdictAsync(batch.Batch.Node, verdict);
        await fleet.StartNodeAsync();
        await RepeatAndContradictAsync();
        await fleet.AskAsync(1);
        Assert.Equal(2ul, (await fleet.SettledExactlyOnceAsync()).Receipts);

        async Task RepeatAndContradictAsync()
        {
            var before = await RepeatedAsync(fleet);
            for (var i = 0; i < 3; i++)
            {
                await replayer.SendVerdictAsync(batch.Batch.Node, verdict);
            }

            await replayer.SendVerdictAsync(batch.Batch.Node, await Eavesdropper.SignAsync(key, batch, Verdict.Refused, "on second thoughts"));
            await fleet.HoldsAsync(async () => await fleet.RejectedAsync("contradiction") == 1, "The contradiction is not counted.");
            Assert.InRange(await RepeatedAsync(fleet) - before, 3, 4);
            Assert.Equal((0ul, 0ul), (fleet.Outbox().Unsettled, fleet.Outbox().Refused));
        }
    }

    [Fact]
    public async Task Garbage_on_both_receipt_topics_is_passed_over_and_counted_by_both_sides()
    {
        await using var fleet = await SettlingFleet.StartAsync();
        await using var stranger = await Eavesdropper.StartAsync(fleet.Broker.Uri);
        await fleet.AskAsync(1);
        await fleet.ClosedAsync();
        var node = Newest(fleet).Batch.Node;
        byte[][] garbage = [[0xFF, 0x01], Encoding.UTF8.GetBytes("{\"verdict\":1}"), new byte[100_000]];
        foreach (var payload in garbage)
        {
            await stranger.SendVerdictAsync(node, payload);
            await stranger.SendBatchAsync(node, payload);
        }

        await fleet.HoldsAsync(async () => await fleet.RejectedAsync("malformed") == garbage.Length, "The node doesn't count the garbage.");
        await fleet.HoldsAsync(
            async () => (await Books.IncidentsAsync(fleet.Collecting)).Where(i => i.GetProperty("kind").GetString() == "unreadable").Sum(i => i.GetProperty("count").GetInt64()) == garbage.Length,
            "The collector doesn't count the garbage.");
        await fleet.AskAsync(1);
        Assert.Equal(2ul, (await fleet.SettledExactlyOnceAsync()).Receipts);
    }

    /// <param name="limit">The first is told to clients, who must not send more; the second refuses what they send.</param>
    [Theory]
    [InlineData("max_packet_size 1500")]
    [InlineData("message_size_limit 1000")]
    public async Task A_batch_that_is_larger_than_the_broker_takes_is_named_and_settles_once_it_takes_more(string limit)
    {
        List<string> lines = [limit];
        await using var fleet = await SettlingFleet.PrepareAsync(new() { Lines = lines });
        fleet.Settings["OFFLM_METERING_BATCH_INTERVAL"] = "1h";
        await fleet.StartCollectorAsync();
        await fleet.StartNodeAsync();
        await fleet.AskAsync(20);
        (await fleet.Node.Http.PostAsync("/node/v1/seal", null)).EnsureSuccessStatusCode();
        await fleet.ProblemAsync("raise the broker's maximum packet size");
        Assert.Equal(20ul, fleet.Outbox().UnsettledReceipts);

        await fleet.Broker.StopAsync();
        lines.Clear();
        await fleet.Broker.StartAgainAsync(keepStore: false);

        Assert.Equal(20ul, (await fleet.SettledExactlyOnceAsync()).Receipts);
    }

    private static async Task<long> RepeatedAsync(SettlingFleet fleet) => (await fleet.SyncAsync()).GetProperty("counts").GetProperty("repeated").GetInt64();

    private static StoredBatch Newest(SettlingFleet fleet)
    {
        using var reader = LedgerReader.Open(fleet.Ledger);
        return Assert.Single(reader.LatestBatches(null, 1));
    }
}
