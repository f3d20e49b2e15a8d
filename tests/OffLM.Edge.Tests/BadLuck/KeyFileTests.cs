using System.Net;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.BadLuck;

/// <summary>A node that can't get at its key answers all the same, and signs when the key is back.</summary>
public sealed class KeyFileTests : IDisposable
{
    private readonly Scratch _scratch = new();

    private string State => _scratch["state"];

    private string KeyFile => Path.Combine(State, "keys", "node.json");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task With_a_wrong_password_receipts_stay_open_and_everything_says_why_until_the_right_one_comes()
    {
        await RunAsync("right", async node => await node.Http.AskAsync());

        await RunAsync("wrong", async node =>
        {
            await node.Http.AskAsync();
            await AssertLockedAsync(node, "password");
        });
        Assert.Equal(1ul, LedgerFile.Summary(State).Open);
        var doctor = await Command.RunAsync(PublishedProgram.Binary, ["doctor"], Environment("wrong"));
        Assert.Equal(1, doctor.ExitCode);
        Assert.Contains("password", doctor.Output);

        await AssertSignsAsync("right");
    }

    [Fact]
    public async Task Without_its_key_file_receipts_stay_open_and_everything_says_why_until_it_is_back()
    {
        await RunAsync("right", async node => await node.Http.AskAsync());
        File.Move(KeyFile, _scratch["aside"]);

        await RunAsync("right", async node =>
        {
            await node.Http.AskAsync();
            await AssertLockedAsync(node, "gone");
        });
        Assert.Equal(1ul, LedgerFile.Summary(State).Open);
        Assert.False(File.Exists(KeyFile), "Another key was made in place of the lost one.");
        var doctor = await Command.RunAsync(PublishedProgram.Binary, ["doctor"], Environment("right"));
        Assert.Equal(1, doctor.ExitCode);
        Assert.Contains("gone", doctor.Output);

        File.Move(_scratch["aside"], KeyFile);
        await AssertSignsAsync("right");
    }

    private static async Task AssertLockedAsync(PublishedNode node, string why)
    {
        await Until.TrueAsync(TimeSpan.FromSeconds(10), async () => (await node.ProblemsAsync()).Contains(why, StringComparison.Ordinal), () => node.Log);
        var refused = await node.Http.PostAsync("/node/v1/seal", "");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.Status);
        Assert.Contains(why, refused.Text);
    }

    private Dictionary<string, string> Environment(string password) => new()
    {
        ["OFFLM_STATE"] = State,
        ["OFFLM_KEY_PASSWORD"] = password,
        ["OFFLM_METERING_BATCH_INTERVAL"] = "200ms",
    };

    private async Task RunAsync(string password, Func<PublishedNode, Task> act)
    {
        await using var node = await PublishedNode.StartAsync(new NodeSetup { State = State, Environment = Environment(password) });
        await act(node);
        Assert.Equal(0, await node.StopAsync());
    }

    /// <summary>What was left open is signed soon after the start, without being asked for.</summary>
    private Task AssertSignsAsync(string password) => RunAsync(password, _ =>
        Until.TrueAsync(TimeSpan.FromSeconds(20), () => LedgerFile.Summary(State) is { Open: 0, Batches: 2 }, "The open receipt was not signed."));
}
