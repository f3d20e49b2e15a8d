using System.Net;
using System.Text;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.BadLuck;

/// <summary>A disk that fills up under the node.</summary>
public sealed class DiskTests
{
    private const int Megabyte = 1 << 20;

    [Fact]
    public async Task On_a_nearly_full_disk_requests_are_refused_until_there_is_room_again()
    {
        await using var disk = await TemporaryDisk.MountAsync(32);
        await using var node = await StartAsync(disk);
        await node.Http.AskAsync();

        disk.FillUpTo(2 * Megabyte);

        await Until.TrueAsync(TimeSpan.FromSeconds(10), async () => (await AskAsync(node)).Status == HttpStatusCode.ServiceUnavailable, () => "The full disk goes unnoticed.");
        var refused = (await AskAsync(node)).Is(HttpStatusCode.ServiceUnavailable);
        Assert.Equal("ledger_unavailable", refused.Code);
        Assert.True(refused.RetryAfter >= TimeSpan.FromSeconds(1));
        await Until.TrueAsync(TimeSpan.FromSeconds(10), async () => (await node.ProblemsAsync()).Contains("MiB", StringComparison.Ordinal), () => $"The status doesn't say what the refusal says: {refused.Text}");
        await AssertRecoversAsync(disk, node);
    }

    [Fact]
    public async Task Answers_that_run_when_the_disk_gets_full_still_get_their_receipts()
    {
        await using var disk = await TemporaryDisk.MountAsync(32);
        await using var node = await StartAsync(disk);
        await node.Http.AskAsync();
        var streams = Enumerable.Range(0, 4).Select(_ => StreamAsync(node)).ToList();
        await Until.TrueAsync(TimeSpan.FromSeconds(10), () => LedgerFile.Summary(node.State).Holds == 4, "The answers don't start.");

        disk.FillUpTo(0);

        var ends = await Task.WhenAll(streams);
        Assert.All(ends, end => Assert.Contains("\"offlm\":{\"receipt\":", end));
        await Until.TrueAsync(TimeSpan.FromSeconds(10), async () => (await AskAsync(node)).Status == HttpStatusCode.ServiceUnavailable, () => "The full disk goes unnoticed.");
        await AssertRecoversAsync(disk, node);
        Assert.Equal(0, LedgerFile.Summary(node.State).Holds);
    }

    private static Task<PublishedNode> StartAsync(TemporaryDisk disk) => PublishedNode.StartAsync(new NodeSetup
    {
        State = Path.Combine(disk.Root, "state"),
        Environment = new Dictionary<string, string> { ["OFFLM_METERING_MINIMUM_FREE_MEBIBYTES"] = "4" },
    });

    private static async Task AssertRecoversAsync(TemporaryDisk disk, PublishedNode node)
    {
        disk.Free();
        await Until.TrueAsync(TimeSpan.FromSeconds(20), async () => (await AskAsync(node)).Status == HttpStatusCode.OK, () => $"The node doesn't recover.\n{node.Log}");
        Assert.Equal(0, await node.StopAsync());
        (await Command.EdgeAsync(node.State, "ledger", "check")).Succeeded();
        Assert.Equal(0ul, LedgerFile.Summary(node.State).Open);
    }

    private static Task<Answer> AskAsync(PublishedNode node) => node.Http.PostAsync(Api.ChatPath, Api.Chat());

    /// <summary>The last chunks of a long answer.</summary>
    private static async Task<string> StreamAsync(PublishedNode node)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Api.ChatPath) { Content = new StringContent(Api.Chat("Talk", 3000, stream: true), Encoding.UTF8, "application/json") };
        using var response = await node.Http.SendAsync(request);
        return (await response.Content.ReadAsStringAsync())[^2000..];
    }
}
