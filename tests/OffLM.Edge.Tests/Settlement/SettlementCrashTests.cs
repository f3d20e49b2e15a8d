using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using OffLM.Edge.Metering;
using OffLM.Edge.Tests.Crash;
using OffLM.Edge.Tests.Harness;
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
        try
        {
            while (killed.Sum() < Kills)
            {
                await using var node = await PublishedNode.StartAsync(setup);
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
                oracle.Check(Ledger, new Kill(at, clock, lag.TakeWorst(), await clients));
            }

            await using var last = await PublishedNode.StartAsync(setup);
            await WaitUntilSettledAsync(last, collector);
            Assert.Equal(0, await last.StopAsync());
        }
        finally
        {
            await collector.DisposeAsync();
        }

        oracle.CheckAllStillThere(Ledger);
        var (receipts, fees, batches) = LedgerTotals();
        await CheckSettlementAsync(collecting, receipts, fees, batches);
        output.WriteLine(
            $"{killed.Sum()} kills ({killed[0]} of the node, {killed[1]} of the broker, {killed[2]} of the collector), {oracle.Requests} requests, "
            + $"{oracle.Receipts} receipts in {batches} batches, {oracle.Seen} seen by clients. {Stopwatch.GetElapsedTime(begun).TotalSeconds:F0} s.");
        output.WriteLine("Zero lost, zero doubled.");
        Assert.All(killed, count => Assert.True(count > 0, "A part was never killed: this proves nothing."));
        Assert.True(oracle.Seen > Kills, "Too few answers ended for this to prove anything.");
    }

    public void Dispose() => _scratch.Dispose();

    private NodeSetup Setup(Uri broker, string collector) => new()
    {
        State = State,
        Port = Scratch.FreePort(),
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
            () => Task.FromResult(IsSettled()),
            () => $"Not all is settled.\nThe node:\n{Tail(node.Log)}\nThe collector:\n{Tail(collector.Log)}");

    private bool IsSettled()
    {
        using var ledger = LedgerReader.Open(Ledger);
        return ledger.Summary().Open == 0 && ledger.Outbox().Unsettled == 0;
    }

    private (ulong Receipts, BigInteger Fees, ulong Batches) LedgerTotals()
    {
        using var ledger = LedgerReader.Open(Ledger);
        var (next, fees) = (1ul, BigInteger.Zero);
        for (var page = ledger.From(next); page.Count > 0; page = ledger.From(next))
        {
            foreach (var stored in page)
            {
                Assert.Equal(next++, stored.Sequence);
                Assert.Equal(BatchState.Settled, ledger.BatchOf(stored.Sequence)!.State);
                fees += stored.Receipt!.Fee;
            }
        }

        return (next - 1, fees, ledger.Summary().Batches);
    }

    /// <summary>The collector's books say the same, by themselves and when every batch is checked anew.</summary>
    private static async Task CheckSettlementAsync(CollectorSetup collector, ulong receipts, BigInteger fees, ulong batches)
    {
        var report = (await Command.RunAsync(PublishedProgram.Fleet, ["report", "--json", "--db", collector.Database])).Succeeded().Json;
        var node = Assert.Single(report.GetProperty("nodes").EnumerateArray().ToList());
        Assert.Equal(
            (batches, receipts, fees, 0ul, 0ul),
            (node.GetProperty("batches").GetUInt64(), node.GetProperty("receipts").GetUInt64(), Amount(node.GetProperty("fees")), node.GetProperty("refused").GetUInt64(), node.GetProperty("pending").GetUInt64()));
        var verified = (await Command.RunAsync(PublishedProgram.Fleet, ["verify", "--json", "--db", collector.Database])).Succeeded().Json;
        Assert.True(verified.GetProperty("ok").GetBoolean());
        Assert.Equal(receipts, verified.GetProperty("receipts").GetUInt64());
    }

    private static BigInteger Amount(JsonElement text) => BigInteger.Parse(text.GetString()!, CultureInfo.InvariantCulture);

    private static string Tail(string log) => log.Length <= 4000 ? log : log[^4000..];
}
