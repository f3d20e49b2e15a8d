using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.BadLuck;

/// <summary>Rows of the ledger that somebody changed by hand, and a clock that somebody set back.</summary>
public sealed class LedgerTests : IDisposable
{
    private readonly Scratch _scratch = new();

    private string State => _scratch["state"];

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Damaged_rows_are_named_what_isn_t_signed_yet_is_mended_at_the_start_and_the_rest_stays_readable()
    {
        await using (var first = await PublishedNode.StartAsync(new NodeSetup { State = State }))
        {
            await AskAsync(first, 3);
            Assert.Equal(0, await first.StopAsync());
        }

        await using (var second = await PublishedNode.StartAsync(new NodeSetup { State = State }))
        {
            await AskAsync(second, 2);
            await second.Kill9Async();
        }

        LedgerFile.Damage(State, "UPDATE receipts SET body = zeroblob(100) WHERE sequence IN (2, 5); UPDATE batches SET hash = zeroblob(32) WHERE batch = 1");
        var check = await Command.EdgeAsync(State, "ledger", "check");
        Assert.Equal(1, check.ExitCode);
        Assert.Contains("receipt 2", check.Output, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("receipt 5", check.Output, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("damaged", (await Command.EdgeAsync(State, "receipts", "list")).Succeeded().Output);

        await using (var third = await PublishedNode.StartAsync(new NodeSetup { State = State }))
        {
            await AskAsync(third, 1);
            Assert.Contains("receipt 5", third.Log, StringComparison.OrdinalIgnoreCase);
            Assert.Equal(0, await third.StopAsync());
        }

        // Receipt 2 is in a signed batch: the nightly check mends it, or whoever asks for that. Until then it is named wherever it would appear.
        var receipts = LedgerFile.Receipts(State);
        Assert.Equal([1, 2, 3, 4, 5, 6], receipts.Select(r => (int)r.Sequence));
        Assert.Equal([2], receipts.Where(r => r.Damage is not null).Select(r => (int)r.Sequence));
        Assert.Equal((Outcome.Void, UInt128.Zero), (receipts[4].Receipt!.Outcome, receipts[4].Receipt!.Fee));
        Assert.Equal((0ul, 2ul), (LedgerFile.Summary(State).Open, LedgerFile.Summary(State).Batches));
        var findings = (await Command.EdgeAsync(State, "ledger", "check", "--json")).Json.GetProperty("findings");
        Assert.Contains("receipt 2", Assert.Single(findings.EnumerateArray()).GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Receipt 2 is damaged", (await Command.EdgeAsync(State, "receipts", "export")).Error);
        (await Command.EdgeAsync(State, "receipts", "show", "5")).Succeeded();

        var repair = (await Command.EdgeAsync(State, "ledger", "check", "--repair", "--json")).Succeeded().Json;
        Assert.Contains("receipt 2", Assert.Single(repair.GetProperty("repairs").EnumerateArray()).GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal((true, 0), (repair.GetProperty("ok").GetBoolean(), repair.GetProperty("findings").GetArrayLength()));
        (await Command.EdgeAsync(State, "ledger", "check")).Succeeded();
        await VerifyExportAsync();
    }

    [Fact]
    public async Task What_is_damaged_while_a_node_runs_is_mended_through_it_on_request()
    {
        await using var node = await PublishedNode.StartAsync(new NodeSetup { State = State });
        await AskAsync(node, 3);
        (await node.Http.PostAsync("/node/v1/seal", "")).Is(System.Net.HttpStatusCode.OK);
        LedgerFile.Damage(State, "UPDATE receipts SET body = zeroblob(100) WHERE sequence = 2");

        var repair = (await Command.EdgeAsync(State, "ledger", "check", "--repair")).Succeeded();

        Assert.Contains("Mended: receipt 2: ", repair.Output);
        Assert.Contains("The ledger is sound: 3 receipts, 1 batch checked.", repair.Output);
        await Until.TrueAsync(TimeSpan.FromSeconds(20), () => node.Log.Contains("Ledger repair: receipt 2", StringComparison.Ordinal), "The log doesn't say what was mended.");
        await AskAsync(node, 1);
    }

    [Fact]
    public async Task A_clock_set_back_a_year_changes_neither_order_nor_fees_nor_signatures()
    {
        await using (var before = await PublishedNode.StartAsync(new NodeSetup { State = State }))
        {
            await AskAsync(before, 2);
            Assert.Equal(0, await before.StopAsync());
        }

        var backwards = new NodeSetup
        {
            State = State,
            Wrapper = ["faketime", "-f", "-365d"],
            Environment = new Dictionary<string, string> { ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1" },
        };
        await using (var after = await PublishedNode.StartAsync(backwards))
        {
            await AskAsync(after, 2);
            Assert.True((await after.StatusAsync()).GetProperty("time").GetDateTimeOffset() < DateTimeOffset.UtcNow.AddDays(-300), "The node's clock was not set back.");
            Assert.Equal(0, await after.StopAsync());
        }

        var receipts = LedgerFile.Receipts(State);
        Assert.Equal([1, 2, 3, 4], receipts.Select(r => (int)r.Sequence));
        Assert.True(receipts[2].Receipt!.StartedAt < receipts[1].Receipt!.StartedAt);
        Assert.Equal(0ul, LedgerFile.Summary(State).Open);
        (await Command.EdgeAsync(State, "ledger", "check")).Succeeded();
        await VerifyExportAsync();
    }

    private static async Task AskAsync(PublishedNode node, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await node.Http.AskAsync();
        }
    }

    private async Task VerifyExportAsync()
    {
        (await Command.EdgeAsync(State, "receipts", "export", "--out", _scratch["receipts.json"])).Succeeded();
        (await Command.EdgeAsync(State, "receipts", "verify", _scratch["receipts.json"])).Succeeded();
    }
}
