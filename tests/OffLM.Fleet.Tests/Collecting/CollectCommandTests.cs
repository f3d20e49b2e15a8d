using OffLM.Fleet.Store;
using OffLM.Fleet.Tests.Support;
using OffLM.Shared.Mqtt;

namespace OffLM.Fleet.Tests.Collecting;

/// <summary>The command <c>collect</c> as a process.</summary>
public sealed class CollectCommandTests
{
    [Fact]
    public async Task A_collector_that_is_told_to_stop_answers_what_it_stored()
    {
        using var folder = new TestFolder();
        await using var broker = await MosquittoBroker.StartAsync();
        await using var client = await NodeClient.ConnectAsync(broker.Uri);
        await using var collector = FleetProgram.Launch(
            "collect", "--db", folder["fleet.db"], "--broker", broker.Uri.ToString(), "--trust-on-first-use");
        await collector.SaysAsync("collecting fleet default");
        var messages = new TestNode("a").Chain(60, 30);
        await Task.WhenAll(messages.Select(client.SendAsync));
        Assert.Equal(0, await collector.StopAsync());
        using var database = FleetDatabase.OpenReadOnly(folder["fleet.db"]);
        var settled = BookState.AssertHolds(database).Batches;
        await Until.TrueAsync(
            () => client.Verdicts.Select(v => v.Verdict.BatchHash).Distinct().Count() == settled,
            () => $"{settled} batches are stored, {client.Verdicts.Count} answers came.\n{collector.Error}");
    }

    [Fact]
    public async Task Without_a_broker_a_collector_says_so_and_waits()
    {
        using var folder = new TestFolder();
        await using var collector = FleetProgram.Launch("collect", "--db", folder["fleet.db"], "--broker", "mqtt://127.0.0.1:1", "--trust-on-first-use");
        await Until.TrueAsync(() => collector.Error.Contains("127.0.0.1:1", StringComparison.Ordinal), () => $"It said nothing of the broker: {collector.Error}");
        Assert.DoesNotContain("collecting", collector.Output, StringComparison.Ordinal);
        Assert.Equal(0, await collector.StopAsync());
    }

    [Fact]
    public async Task A_collector_that_the_broker_asks_for_a_password_takes_it_from_a_file_of_its_own()
    {
        using var folder = new TestFolder();
        await using var broker = await MosquittoBroker.StartAsync(new() { Users = new Dictionary<string, string> { ["collector"] = "secret word" } });
        await File.WriteAllTextAsync(folder["password"], "secret word\n");
        string[] collect = ["collect", "--db", folder["fleet.db"], "--broker", broker.Uri.ToString(), "--user", "collector", "--password-file", folder["password"]];
        File.SetUnixFileMode(folder["password"], UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var readable = await FleetProgram.RunAsync(collect);
        Assert.Equal(1, readable.ExitCode);
        Assert.Contains("chmod 600", readable.Error, StringComparison.Ordinal);

        File.SetUnixFileMode(folder["password"], UnixFileMode.UserRead);
        await using var collector = FleetProgram.Launch(collect);
        await collector.SaysAsync("collecting");
        Assert.DoesNotContain("secret word", collector.Error, StringComparison.Ordinal);
        Assert.Equal(0, await collector.StopAsync());
    }

    [Fact]
    public async Task A_database_collects_for_one_network_only()
    {
        using var folder = new TestFolder();
        string[] collect = ["collect", "--db", folder["fleet.db"], "--broker", "mqtt://127.0.0.1:1", "--domain"];
        await using (var collector = FleetProgram.Launch([.. collect, "1:0x70997970C51812dc3A010C7d01b50e0d17dc79C8"]))
        {
            await Until.TrueAsync(() => collector.Error.Contains("127.0.0.1:1", StringComparison.Ordinal), () => collector.Error);
        }

        var other = await FleetProgram.RunAsync([.. collect, "2:0x70997970C51812dc3A010C7d01b50e0d17dc79C8"]);
        Assert.Equal(1, other.ExitCode);
        Assert.Contains("collects for 1:0x70997970C51812dc3A010C7d01b50e0d17dc79C8", other.Error, StringComparison.Ordinal);
    }
}
