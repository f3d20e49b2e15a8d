using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OffLM.Edge.Tests.Harness;
using OffLM.Shared;
using Xunit.Abstractions;

namespace OffLM.Edge.Tests.Crash;

/// <summary>
/// Kills the node at random instants under load, 100 times, 2000 with <c>OFFLM_TEST_ALL</c>. <c>OFFLM_TEST_SEED</c> repeats a run's
/// choices (its timing is the machine's).
/// </summary>
public sealed class CrashTests(ITestOutputHelper output) : IDisposable
{
    private const string Payer = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

    /// <summary>Primes, so that roundings occur.</summary>
    private static readonly CrashPrices Prices = new(1_000_003, 100_003, 3_000_017, 70_001, 333);

    private readonly Scratch _scratch = new();

    private static int Kills => Environment.GetEnvironmentVariable("OFFLM_TEST_ALL") is { Length: > 0 } ? 2000 : 100;

    private string State => _scratch["state"];

    private string Ledger => Path.Combine(State, "ledger.db");

    [Fact]
    public async Task Killed_at_any_instant_the_node_loses_no_receipt_bills_none_twice_and_nothing_undelivered()
    {
        var seed = Environment.GetEnvironmentVariable("OFFLM_TEST_SEED") is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        output.WriteLine($"Seed {seed}.");
        var random = new Random(seed);
        var begun = Stopwatch.GetTimestamp();
        var oracle = new CrashOracle(Prices);
        var key = (await Command.EdgeAsync(State, "apikey", "add", "payer", "--payer", Payer)).Succeeded().Output.Trim();
        var kill = new Kill(0, default, default, []);
        var setup = Setup();
        for (var i = 0; i < Kills; i++)
        {
            kill = random.Next(8) == 0
                ? await KillWhileStartingAsync(setup, random, kill)
                : await KillUnderLoadAsync(setup, random, key, oracle, kill);
        }

        var node = await PublishedNode.StartAsync(setup);
        await using (node)
        {
            oracle.Check(Ledger, kill);
            Assert.Equal(0, await node.StopAsync());
        }

        oracle.CheckAllStillThere(Ledger);
        await CheckDocumentsAsync(oracle);
        output.WriteLine(
            $"{Kills} kills, {oracle.Requests} requests, {oracle.Receipts} receipts: {oracle.Seen} seen by clients, {oracle.Interrupted} interrupted, "
            + $"{oracle.Cancelled} cancelled, {oracle.InFlight} cut off between their commit and their last chunk. "
            + $"{oracle.ProvenTokens} tokens of partial answers are billed and had arrived; the oldest that had arrived and is not had been there for {oracle.OldestUnbilled.TotalMilliseconds:F0} ms. "
            + $"{Stopwatch.GetElapsedTime(begun).TotalSeconds:F0} s.");
        output.WriteLine("Zero lost, zero doubled.");
        Assert.True(oracle.Seen > Kills, "Too few answers ended for this to prove anything.");
        Assert.True(oracle.ProvenTokens > 0, "No partial answer was billed: this proves nothing.");
    }

    public void Dispose() => _scratch.Dispose();

    private NodeSetup Setup() => new()
    {
        State = State,
        Port = FreePort.Next(),
        Environment = new Dictionary<string, string>(Prices.Environment)
        {
            ["OFFLM_METERING_BATCH_INTERVAL"] = "700ms",
            ["OFFLM_INFERENCE_MAX_ACTIVE"] = "6",
        },
    };

    /// <summary>Nobody asks meanwhile; whatever recovery was doing must be done by the next start.</summary>
    private static async Task<Kill> KillWhileStartingAsync(NodeSetup setup, Random random, Kill before)
    {
        await using var node = PublishedNode.Launch(setup);
        await Task.Delay(random.Next(250));
        await node.Kill9Async();
        return before;
    }

    private async Task<Kill> KillUnderLoadAsync(NodeSetup setup, Random random, string key, CrashOracle oracle, Kill before)
    {
        await using var node = await PublishedNode.StartAsync(setup);
        oracle.Check(Ledger, before);
        await using var lag = new LagMeter(State);
        var clients = CrashLoad.RunAsync(node, key, random);
        await Task.Delay(random.Next(50, 2600));
        var (at, clock) = (Stopwatch.GetTimestamp(), DateTimeOffset.UtcNow);
        await node.Kill9Async();
        return new Kill(at, clock, lag.TakeWorst(), await clients);
    }

    private async Task CheckDocumentsAsync(CrashOracle oracle)
    {
        var check = (await Command.EdgeAsync(State, "ledger", "check", "--json")).Succeeded().Json;
        Assert.Equal(oracle.Receipts, check.GetProperty("receipts").GetUInt64());
        var document = _scratch["receipts.json"];
        (await Command.EdgeAsync(State, "receipts", "export", "--out", document)).Succeeded();
        var verified = (await Command.EdgeAsync(State, "receipts", "verify", document, "--json")).Succeeded().Json;
        Assert.True(verified.GetProperty("ok").GetBoolean());
        Assert.Equal(oracle.Receipts, verified.GetProperty("receipts").GetUInt64());
        Assert.Equal(0ul, verified.GetProperty("hidden").GetUInt64());
        output.WriteLine($"The export of {oracle.Receipts} receipts in {verified.GetProperty("batches")} batches verifies.");
    }
}
