using System.Globalization;
using Xunit.Abstractions;

namespace OffLM.Edge.Tests.Settlement;

/// <summary>A network between node and broker that loses, delays and breaks.</summary>
public sealed class NetworkTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task A_partition_is_noticed_and_named_and_what_was_served_meanwhile_settles_after_it(bool toBroker, bool toNode)
    {
        await using var fleet = await SettlingFleet.StartAsync();
        await fleet.AskAsync(2);
        await fleet.ClosedAsync();
        (fleet.Link.ToServerLost, fleet.Link.ToClientLost) = (toBroker, toNode);
        await fleet.AskAsync(3);
        await fleet.ProblemAsync("receipts wait in the ledger");
        await fleet.AskAsync(2);
        await fleet.SignedAsync();
        Assert.Equal(5ul, fleet.Outbox().UnsettledReceipts);

        fleet.Link.Heal();

        Assert.Equal(7ul, (await fleet.SettledExactlyOnceAsync()).Receipts);
    }

    [Fact]
    public async Task A_link_of_two_kilobytes_a_second_is_enough()
    {
        await using var fleet = await SettlingFleet.PrepareAsync();
        (fleet.Link.Delay, fleet.Link.BytesPerSecond) = (TimeSpan.FromMilliseconds(300), 2000);
        await fleet.StartCollectorAsync();
        await fleet.StartNodeAsync();
        await fleet.AskAsync(10);

        Assert.Equal(10ul, (await fleet.SettledExactlyOnceAsync()).Receipts);
    }

    [Fact]
    public async Task Connections_that_break_in_the_middle_of_any_packet_lose_and_double_nothing()
    {
        var seed = Environment.GetEnvironmentVariable("OFFLM_TEST_SEED") is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        output.WriteLine($"Seed {seed}.");
        var random = new Random(seed);
        await using var fleet = await SettlingFleet.StartAsync();
        for (var round = 0; round < 6; round++)
        {
            var before = fleet.Link.Accepted;
            fleet.Link.CutAfterToServer = round % 2 == 0 ? random.Next(1, 3000) : null;
            fleet.Link.CutAfterToClient = round % 2 == 1 ? random.Next(1, 300) : null;
            fleet.Link.Cut();
            await fleet.AskAsync(2);

            // The connection that breaks by itself if that much passes through it, and otherwise in the next round.
            await fleet.HoldsAsync(() => Task.FromResult(fleet.Link.Accepted > before), "The node doesn't come back.");
        }

        (fleet.Link.CutAfterToServer, fleet.Link.CutAfterToClient) = (null, null);
        fleet.Link.Cut();

        Assert.Equal(12ul, (await fleet.SettledExactlyOnceAsync()).Receipts);
    }
}
