using System.Globalization;
using OffLM.Shared.Mqtt;
using Xunit.Abstractions;

namespace OffLM.Edge.Tests.Settlement;

/// <summary>Collectors that race for the same batches, and collectors that die at the worst moment.</summary>
public sealed class CollectorTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Two_collectors_on_one_database_share_the_batches_and_settle_each_once()
    {
        const int Rounds = 12;
        await using var fleet = await SettlingFleet.PrepareAsync();
        fleet.Settings["OFFLM_METERING_BATCH_INTERVAL"] = "50ms";
        var first = await fleet.StartCollectorAsync();
        var second = await fleet.StartCollectorAsync();
        await fleet.StartNodeAsync();
        for (var round = 0; round < Rounds; round++)
        {
            await fleet.AskAsync(3);
            await fleet.SignedAsync();

            // After a new connection the node sends what is unsettled again: now both may have the same batch in hand.
            fleet.Link.Cut();
        }

        var totals = await fleet.SettledExactlyOnceAsync();
        Assert.Equal(Rounds * 3ul, totals.Receipts);
        Assert.True(totals.Batches >= Rounds);
        foreach (var collector in new[] { first, second })
        {
            await fleet.HoldsAsync(() => Task.FromResult(collector.Log.Contains(" batch messages came", StringComparison.Ordinal)), "One of the collectors took nothing: this proves nothing.");
        }
    }

    [Fact]
    public async Task A_collector_that_is_killed_after_storing_and_before_answering_gives_the_stored_answer_afterwards()
    {
        await using var fleet = await SettlingFleet.PrepareAsync();
        await using var link = FaultyProxy.Start(fleet.Broker.Port);
        fleet.Collecting = fleet.Collecting with { Broker = link.Uri };
        await fleet.StartCollectorAsync();
        await fleet.StartNodeAsync();
        await fleet.AskAsync(1);
        await fleet.ClosedAsync();
        link.ToServerLost = true;
        await fleet.AskAsync(3);
        await fleet.HoldsAsync(
            async () => (await Books.ReportAsync(fleet.Collecting)).GetProperty("receipts").GetUInt64() == 4, "The collector has not stored what it can't answer.");
        Assert.Equal(3ul, fleet.Outbox().UnsettledReceipts);

        await fleet.Collector.Kill9Async();
        link.Heal();
        await fleet.StartCollectorAsync();

        Assert.Equal(4ul, (await fleet.SettledExactlyOnceAsync()).Receipts);
    }

    [Fact]
    public async Task A_collector_that_is_killed_at_any_moment_under_load_loses_and_doubles_nothing()
    {
        const int Kills = 15;
        var seed = Environment.GetEnvironmentVariable("OFFLM_TEST_SEED") is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        output.WriteLine($"Seed {seed}.");
        var random = new Random(seed);
        await using var fleet = await SettlingFleet.PrepareAsync();
        fleet.Settings["OFFLM_METERING_BATCH_INTERVAL"] = "50ms";
        await fleet.StartCollectorAsync();
        await fleet.StartNodeAsync();
        var asked = 0;
        for (var round = 0; round < Kills; round++)
        {
            var again = fleet.StartCollectorAfterKillAsync(TimeSpan.FromMilliseconds(random.Next(600)));
            do
            {
                await fleet.AskAsync(1);
                asked++;
            }
            while (!again.IsCompleted);
            await again;
        }

        output.WriteLine($"{asked} answers while {Kills} collectors were killed.");

        // What a killed collector had in hand is sent again after a minute, or with the next connection.
        fleet.Link.Cut();
        Assert.Equal((ulong)asked, (await fleet.SettledExactlyOnceAsync()).Receipts);
    }
}
