using System.Globalization;
using OffLM.Shared.Mqtt;
using Xunit.Abstractions;

namespace OffLM.Edge.Tests.Settlement;

/// <summary>A network between node and broker that loses, delays and breaks.</summary>
public sealed class NetworkTests(ITestOutputHelper output)
{
    /// <summary>Breaks of each kind: one, or three with <c>OFFLM_TEST_ALL</c>; a silence alone takes a minute.</summary>
    private static readonly int Rounds = Environment.GetEnvironmentVariable("OFFLM_TEST_ALL") is { Length: > 0 } ? 9 : 3;

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
        for (var round = 0; round < Rounds; round++)
        {
            var before = await fleet.ConnectionsAsync();
            var cut = round % 2 == 0 ? new LinkCut(true, random.Next(1, 3000), (CutKind)(round % 3)) : new LinkCut(false, random.Next(1, 300), (CutKind)(round % 3));
            output.WriteLine($"{cut}.");
            fleet.Link.NextCut = () => cut.Happened is null ? cut : null;
            fleet.Link.Cut();
            await fleet.AskAsync(2);

            // Back after it broke; or with a link that breaks in the next round, because so much never passes through it.
            await fleet.BackAsync(after: before);
        }

        fleet.Link.NextCut = static () => null;
        var last = await fleet.ConnectionsAsync();
        fleet.Link.Cut();
        await fleet.BackAsync(after: last);

        Assert.Equal(2ul * (ulong)Rounds, (await fleet.SettledExactlyOnceAsync()).Receipts);
        Assert.Equal("connected", (await fleet.SyncAsync()).GetProperty("link").GetProperty("state").GetString());
    }
}
