using System.Text.Json;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.Settlement;

/// <summary>A box whose state directory was restored from an old copy, after the network had settled what came later.</summary>
public sealed class RestoredNodeTests
{
    [Fact]
    public async Task A_restored_node_is_named_on_both_sides_and_settles_again_once_its_owner_accepts()
    {
        await using var fleet = await SettlingFleet.StartAsync();
        await ServeAsync(fleet, 2);
        Copy(fleet.State, fleet["backup"]);
        await fleet.StartNodeAsync();
        await ServeAsync(fleet, 2);
        Directory.Delete(fleet.State, recursive: true);
        Copy(fleet["backup"], fleet.State);

        // The first is signed under a number that the network knows with other content. The others are kept, unsigned; the number of
        // one of them is the network's already.
        await fleet.StartNodeAsync();
        await fleet.AskAsync(1);
        await fleet.ProblemAsync("restored from an old copy");
        Assert.Contains("offlm-edge ledger accept-rollback", await fleet.Node.ProblemsAsync(), StringComparison.Ordinal);
        await fleet.AskAsync(2);
        Assert.Equal(2ul, LedgerFile.Summary(fleet.State).Open);
        var fork = Assert.Single(await Books.IncidentsAsync(fleet.Collecting), i => i.GetProperty("kind").GetString() == "fork");
        Assert.True(fork.GetProperty("batch").GetUInt64() > 1);
        Assert.Equal(4ul, (await Books.ReportAsync(fleet.Collecting)).GetProperty("receipts").GetUInt64());

        (await Command.EdgeAsync(fleet.State, "ledger", "accept-rollback", "--yes")).Succeeded();
        await fleet.AskAsync(1);
        await fleet.ClosedAsync();

        Assert.DoesNotContain("restored from an old copy", await fleet.Node.ProblemsAsync(), StringComparison.Ordinal);
        Assert.Equal(6ul, (await Books.ReportAsync(fleet.Collecting)).GetProperty("receipts").GetUInt64());
        await Books.VerifyAsync(fleet.Collecting, 6);
        (await Command.EdgeAsync(fleet.State, "ledger", "check")).Succeeded();
        Assert.Equal(["settled", "settled", "refused", "refused", "settled", "settled"], await StatesAsync(fleet));
    }

    private static async Task ServeAsync(SettlingFleet fleet, int questions)
    {
        await fleet.AskAsync(questions);
        await fleet.ClosedAsync();
        await fleet.StopNodeAsync();
    }

    /// <summary>What the node says became of each receipt that it has, the oldest first.</summary>
    private static async Task<IEnumerable<string?>> StatesAsync(SettlingFleet fleet)
    {
        using var page = JsonDocument.Parse(await fleet.Node.Http.GetStringAsync("/node/v1/receipts"));
        return [.. page.RootElement.GetProperty("receipts").EnumerateArray().Select(r => r.GetProperty("state").GetString()).Reverse()];
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to, File.GetUnixFileMode(from));
        foreach (var folder in Directory.EnumerateDirectories(from))
        {
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
        }

        foreach (var file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
