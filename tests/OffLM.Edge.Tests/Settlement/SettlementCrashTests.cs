using System.Diagnostics;
using System.Globalization;
using OffLM.Edge.Tests.Crash;
using OffLM.Edge.Tests.Harness;
using OffLM.Shared;
using OffLM.Shared.Mqtt;
using Xunit.Abstractions;

namespace OffLM.Edge.Tests.Settlement;

/// <summary>
/// Runs node, broker and collector under load and kills one of them at random, 100 times, 2000 with <c>OFFLM_TEST_ALL</c>; then compares
/// what clients saw, what the ledger has and what was settled.
/// </summary>
public sealed class SettlementCrashTests(ITestOutputHelper output) : IDisposable
{
    private const string Payer = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

    /// <summary>A batch that a killed collector had taken is sent again after a minute, the next time after two.</summary>
    private static readonly TimeSpan SettleDeadline = TimeSpan.FromMinutes(5);

    /// <summary>Primes, so that roundings occur.</summary>
    private static readonly CrashPrices Prices = new(1_000_003, 100_003, 3_000_017, 70_001, 333);

    private readonly Scratch _scratch = new();

    private enum Part
    {
        Node,
        Broker,
        Collector,
    }

    private static int Kills => Environment.GetEnvironmentVariable("OFFLM_TEST_ALL") is { Length: > 0 } ? 2000 : 100;

    private string State => _scratch["state"];

    private string Ledger => Path.Combine(State, "ledger.db");

    [Fact]
    public async Task Whichever_of_node_broker_and_collector_is_killed_each_receipt_is_settled_exactly_once()
    {
        var seed = Environment.GetEnvironmentVariable("OFFLM_TEST_SEED") is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        output.WriteLine($"Seed {seed}.");
        var random = new Random(seed);
        var begun = Stopwatch.GetTimestamp();
        var oracle = new CrashOracle(Prices);
        var key = (await Command.EdgeAsync(State, "apikey", "add", "payer", "--payer", Payer)).Succeeded().Output.Trim();

        await using var broker = await MosquittoBroker.StartAsync(new MosquittoOptions { Persistence = true });
        var collecting = new CollectorSetup(_scratch["collector"], broker.Uri);
        var setup = Setup(broker.Uri, await PublishedCollector.AddressAsync(collecting));
        var collector = PublishedCollector.Launch(collecting);
        var killed = new int[3];
        var kill = new Kill(0, default, default, []);
        try
        {
            while (killed.Sum() < Kills)
            {
                await using var node = await PublishedNode.StartAsync(setup);
                oracle.Check(Ledger, kill);
                await using var lag = new LagMeter(State);
                var clients = CrashLoad.RunAsync(node, key, random);
                Part part;
                do
                {
                    await Task.Delay(random.Next(50, 2000));
                    part = (Part)random.Next(3);
                    killed[(int)part]++;
                    switch (part)
                    {
                        case Part.Broker:
                            await broker.KillAsync();
                            await Task.Delay(random.Next(300));
                            await broker.StartAgainAsync(keepStore: random.Next(2) == 0);
                            break;
                        case Part.Collector:
                            await collector.Kill9Async();
                            await collector.DisposeAsync();
                            collector = PublishedCollector.Launch(collecting);
                            break;
                    }
                }
                while (part != Part.Node);

                var (at, clock) = (Stopwatch.GetTimestamp(), DateTimeOffset.UtcNow);
                await node.Kill9Async();
                kill = new Kill(at, clock, lag.TakeWorst(), await clients);
            }

            await using var last = await PublishedNode.StartAsync(setup);
            oracle.Check(Ledger, kill);
            await WaitUntilSettledAsync(last, collector);
            Assert.Equal(0, await last.StopAsync());
        }
        finally
        {
            await collector.DisposeAsync();
        }

        oracle.CheckAllStillThere(Ledger);
        var totals = Books.Settled(Ledger);
        await Books.CheckAsync(collecting, totals);
        output.WriteLine(
            $"{killed.Sum()} kills ({killed[0]} of the node, {killed[1]} of the broker, {killed[2]} of the collector), {oracle.Requests} requests, "
            + $"{oracle.Receipts} receipts in {totals.Batches} batches, {oracle.Seen} seen by clients. {Stopwatch.GetElapsedTime(begun).TotalSeconds:F0} s.");
        output.WriteLine("Zero lost, zero doubled.");
        Assert.All(killed, count => Assert.True(count > 0, "A part was never killed: this proves nothing."));
        Assert.True(oracle.Seen > Kills, "Too few answers ended for this to prove anything.");
    }

    public void Dispose() => _scratch.Dispose();

    private NodeSetup Setup(Uri broker, string collector) => new()
    {
        State = State,
        Port = FreePort.Next(),
        Options = ["--mqtt", broker.ToString()],
        Environment = new Dictionary<string, string>(Prices.Environment)
        {
            ["OFFLM_METERING_BATCH_INTERVAL"] = "700ms",
            ["OFFLM_INFERENCE_MAX_ACTIVE"] = "6",
            ["OFFLM_NETWORK_COLLECTORS"] = collector,
        },
    };

    /// <summary>Recovery has closed every answer; now all of it must be signed, sent and settled.</summary>
    private async Task WaitUntilSettledAsync(PublishedNode node, PublishedCollector collector) =>
        await Until.TrueAsync(
            SettleDeadline,
            () => Task.FromResult(Books.AreClosed(Ledger)),
            () => $"Not all is settled.\nThe node:\n{Tail(node.Log)}\nThe collector:\n{Tail(collector.Log)}");

    private static string Tail(string log) => log.Length <= 4000 ? log : log[^4000..];
}
