using OffLM.Fleet.Store;
using OffLM.Fleet.Tests.Support;
using OffLM.Shared.Mqtt;
using Xunit.Abstractions;

namespace OffLM.Fleet.Tests.Collecting;

/// <summary>
/// A fleet on one broker and one collector: 60 nodes for a quarter of a minute, with <c>OFFLM_TEST_ALL</c> 1,000 nodes for ten minutes. Half way
/// through the broker is killed and forgets everything, so that all nodes come back at once.
/// </summary>
public sealed class ManyNodesTests(ITestOutputHelper output)
{
    private static readonly bool All = Environment.GetEnvironmentVariable("OFFLM_TEST_ALL") is { Length: > 0 };

    [Fact]
    public async Task A_fleet_loses_nothing_and_its_collector_s_memory_stays_flat()
    {
        var (count, time, interval) = All ? (1000, TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(30)) : (60, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(2));
        using var folder = new TestFolder();
        await using var broker = await MosquittoBroker.StartAsync(new MosquittoOptions { Lines = ["max_queued_messages 0"] });
        await using var collector = FleetProgram.Launch(
            "collect", "--db", folder["fleet.db"], "--key", folder["key.json"], "--broker", broker.Uri.ToString(), "--trust-on-first-use");
        await collector.SaysAsync("collecting");
        var nodes = Enumerable.Range(0, count).Select(i => new SimulatedNode($"node {i}", broker.Uri)).ToList();
        using var closing = new CancellationTokenSource(time);
        using var deadline = new CancellationTokenSource(time + TimeSpan.FromMinutes(2));
        var running = Task.WhenAll(nodes.Select((node, i) => node.RunAsync(interval, new Random(i), closing.Token, deadline.Token)));

        var megabytes = await WatchAsync(collector, broker, time);
        await running;

        Assert.Equal(0, nodes.Sum(n => n.Unsettled));
        Assert.DoesNotContain(nodes, n => n.Refused);
        Assert.Equal(0, await collector.StopAsync());
        using var database = FleetDatabase.OpenReadOnly(folder["fleet.db"]);
        var verified = BookState.AssertHolds(database);
        output.WriteLine($"{count} nodes, {verified.Batches} batches, {verified.Receipts} receipts; the collector's memory: {string.Join(' ', megabytes.Select(m => $"{m:F0}"))} MB");
        Assert.Equal((nodes.Sum(n => n.Batches), nodes.Sum(n => n.Settled), 0L), (verified.Batches, verified.Receipts, verified.Refused));
        AssertFlat(megabytes);
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }

    /// <summary>Kills the broker half way, and takes the collector's memory at twelve moments.</summary>
    private static async Task<IReadOnlyList<double>> WatchAsync(FleetProgram collector, MosquittoBroker broker, TimeSpan time)
    {
        var megabytes = new List<double>();
        for (var moment = 0; moment < 12; moment++)
        {
            await Task.Delay(time / 12);
            megabytes.Add(ResidentMemory.Of(collector.ProcessId));
            if (moment == 5)
            {
                await broker.KillAsync();
                await broker.StartAgainAsync(keepStore: false);
            }
        }

        return megabytes;
    }

    /// <summary>The last third needs no more than the worst of what came before, but for what a garbage collector leaves lying and the database's cache still takes.</summary>
    private static void AssertFlat(IReadOnlyList<double> megabytes) =>
        Assert.InRange(megabytes.TakeLast(4).Average(), 0, (megabytes.Take(8).Max() * 1.15) + 8);
}
