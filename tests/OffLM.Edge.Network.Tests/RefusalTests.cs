using OffLM.Edge.Network.Tests.Support;

namespace OffLM.Edge.Network.Tests;

/// <summary>A broker that says no: it is named, nothing is lost, and when it says yes everything goes on.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("offlm-network-secrets-");

    [Fact]
    public async Task M5_A_wrong_password_is_named_and_its_correction_is_enough()
    {
        await using var broker = await MosquittoBroker.StartAsync(new() { Users = new Dictionary<string, string> { ["box"] = "right", ["collector"] = "c" } });
        await using var collector = await TestCollector.StartAsync(broker.Uri, "collector", "c");
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri) with { User = "box", PasswordFile = Secret("wrong") });
        await node.FillAsync(batches: 1);

        await Eventually.HoldsAsync(() => node.Status.Link.Problem is not null, () => node.Status.ToString());
        Assert.Contains(node.Node.Status().Problems, p => p.Contains("receipts wait in the ledger", StringComparison.Ordinal));
        Assert.DoesNotContain("wrong", string.Join(' ', node.Status.Problems));

        Secret("right");
        await node.RestartAsync();
        await node.SettledAsync();
    }

    [Fact]
    public async Task A_password_that_others_can_read_is_not_used_and_the_mode_is_named()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        var file = Secret("right");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri) with { User = "box", PasswordFile = file });

        await Eventually.HoldsAsync(() => node.Status.Problems.Any(p => p.Contains($"Run: chmod 600 {file}", StringComparison.Ordinal)));

        Assert.Equal("off", node.Status.Link.State);
    }

    [Fact]
    public async Task A_topic_that_is_not_allowed_is_named_and_batches_leave_once_it_is()
    {
        List<string> rights = ["user collector", "topic readwrite #", "user box", "topic read offlm/#", "topic write offlm/v1/default/+/state", "topic write offlm/v1/default/+/birth"];
        await using var broker = await MosquittoBroker.StartAsync(new()
        {
            Users = new Dictionary<string, string> { ["box"] = "b", ["collector"] = "c" },
            Acl = rights,
        });
        await using var collector = await TestCollector.StartAsync(broker.Uri, "collector", "c");
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri) with { User = "box", PasswordFile = Secret("b") });
        await node.FillAsync(batches: 2);

        var topic = $"offlm/v1/default/{node.Address.ToLowerString()}/receipts/batch";
        await Eventually.HoldsAsync(() => node.Status.Problems.Any(p => p.StartsWith($"The broker refuses receipts on {topic}: ", StringComparison.Ordinal)), () => node.Status.ToString());
        Assert.True(node.Status.Link.IsConnected);
        Assert.Empty(collector.Numbers);
        Assert.Equal(2ul, node.Outbox.Unsettled);

        await broker.StopAsync();
        rights.Add("topic write offlm/v1/default/+/receipts/batch");
        await broker.StartAgainAsync(keepStore: false);
        await collector.ConnectedAsync();
        await node.SettledAsync();
        Assert.Empty(node.Status.Problems);
    }

    [Fact]
    public async Task A_birth_certificate_that_is_not_allowed_is_named_and_receipts_settle_all_the_same()
    {
        await using var broker = await MosquittoBroker.StartAsync(new()
        {
            Users = new Dictionary<string, string> { ["box"] = "b", ["collector"] = "c" },
            Acl = ["user collector", "topic readwrite #", "user box", "topic readwrite offlm/v1/default/+/receipts/#"],
        });
        await using var collector = await TestCollector.StartAsync(broker.Uri, "collector", "c");
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri) with { User = "box", PasswordFile = Secret("b") });
        await node.FillAsync(batches: 1);

        await node.SettledAsync();

        await Eventually.HoldsAsync(() => node.Status.Problems.Any(p => p.StartsWith("The broker refuses what the node says of itself", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task M30_A_batch_larger_than_the_broker_takes_is_named_and_the_others_go_on()
    {
        await using var broker = await MosquittoBroker.StartAsync(new() { Lines = ["max_packet_size 4000"] });
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri), sending: SyncedNode.NeverAgain);
        await node.FillAsync(batches: 1);
        await node.FillAsync(batches: 1, receiptsEach: 40);
        await node.FillAsync(batches: 1);

        await Eventually.HoldsAsync(() => node.Outbox.Unsettled == 1, () => node.Outbox.ToString());

        Assert.Equal([1ul, 3], collector.Numbers);
        var problem = Assert.Single(node.Status.Problems);
        Assert.Matches("^Batch 2 can't be sent: its [0-9]+ bytes are more than the broker takes in one packet", problem);
        Assert.True(node.Status.Link.IsConnected);
    }

    [Fact]
    public async Task Without_collectors_receipts_are_sent_but_nothing_settles_and_that_is_said()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var collector = await TestCollector.StartAsync(broker.Uri);
        await using var node = await SyncedNode.StartAsync(SyncedNode.With(broker.Uri) with { Collectors = [] });
        await node.FillAsync(batches: 1);

        await Eventually.HoldsAsync(() => node.Status.RejectedVerdicts.ContainsKey("untrustedSigner"));

        Assert.Equal(1ul, node.Outbox.Unsettled);
        Assert.Contains(node.Status.Problems, p => p.StartsWith("No collector is trusted", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string Secret(string password)
    {
        var file = Path.Combine(_folder.FullName, "password");
        File.WriteAllText(file, password + "\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }
}
