using OffLM.Shared.Mqtt;

namespace OffLM.Edge.Tests.Settlement;

/// <summary>A broker that is not there, refuses, dies and forgets. The node answers all the while, and nothing is lost.</summary>
public sealed class BrokerTests
{
    private const string Waiting = "receipts wait in the ledger";

    [Fact]
    public async Task A_node_that_starts_without_its_broker_answers_and_settles_once_the_broker_is_there()
    {
        await using var fleet = await SettlingFleet.PrepareAsync();
        await fleet.Broker.KillAsync();
        await fleet.StartNodeAsync();
        await fleet.AskAsync(3);
        await fleet.ProblemAsync(Waiting);
        await fleet.SignedAsync();
        Assert.Equal(3ul, fleet.Outbox().UnsettledReceipts);

        await fleet.Broker.StartAgainAsync(keepStore: false);
        await fleet.StartCollectorAsync();

        Assert.Equal(3ul, (await fleet.SettledExactlyOnceAsync()).Receipts);
    }

    [Fact]
    public async Task A_refused_password_is_named_and_nothing_more_is_needed_than_to_mend_it()
    {
        const string Secret = "not-this-one";
        var users = new Dictionary<string, string> { ["box"] = "b", ["collector"] = "c" };
        await using var fleet = await WithUsersAsync(new() { Users = users });
        fleet.Settings["OFFLM_NETWORK_PASSWORD"] = Secret;
        await fleet.StartNodeAsync();
        await fleet.AskAsync(2);
        await fleet.ProblemAsync(Waiting);
        var link = (await fleet.SyncAsync()).GetProperty("link");
        Assert.Matches("does not authorise|refused the user or the password", link.GetProperty("problem").GetString());
        Assert.DoesNotContain(Secret, (await fleet.Node.Http.GetStringAsync("/node/v1/status")) + fleet.Node.Log, StringComparison.Ordinal);

        // The broker's owner gives the user the password that the node has.
        await fleet.Broker.StopAsync();
        users["box"] = Secret;
        await fleet.Broker.StartAgainAsync(keepStore: false);

        Assert.Equal(2ul, (await fleet.SettledExactlyOnceAsync()).Receipts);
    }

    [Fact]
    public async Task A_denied_topic_is_named_and_batches_settle_once_it_is_allowed()
    {
        List<string> rights = ["user collector", "topic readwrite #", "user box", "topic read offlm/#", "topic write offlm/v1/default/+/state", "topic write offlm/v1/default/+/birth"];
        await using var fleet = await WithUsersAsync(new() { Users = new Dictionary<string, string> { ["box"] = "b", ["collector"] = "c" }, Acl = rights });
        await fleet.StartNodeAsync();
        await fleet.AskAsync(3);
        await fleet.ProblemAsync("The broker refuses receipts on offlm/v1/default/0x");
        Assert.Equal("connected", (await fleet.SyncAsync()).GetProperty("link").GetProperty("state").GetString());
        await fleet.SignedAsync();
        Assert.Equal(3ul, fleet.Outbox().UnsettledReceipts);

        await fleet.Broker.StopAsync();
        rights.Add("topic write offlm/v1/default/+/receipts/batch");
        rights.Add("topic write offlm/v1/default/+/telemetry");
        await fleet.Broker.StartAgainAsync(keepStore: false);

        Assert.Equal(3ul, (await fleet.SettledExactlyOnceAsync()).Receipts);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_broker_that_is_killed_again_and_again_costs_nothing_whether_or_not_it_remembers(bool keepStore)
    {
        await using var fleet = await SettlingFleet.StartAsync(new() { Persistence = true, Lines = ["autosave_interval 1"] });
        for (var round = 0; round < 4; round++)
        {
            await fleet.AskAsync(2);
            await fleet.Broker.KillAsync();
            await fleet.AskAsync(2);
            await fleet.ProblemAsync(Waiting);
            await fleet.Broker.StartAgainAsync(keepStore);
        }

        Assert.Equal(16ul, (await fleet.SettledExactlyOnceAsync()).Receipts);
    }

    /// <summary>A collector that the broker takes, and a node with the right user and password.</summary>
    private static async Task<SettlingFleet> WithUsersAsync(MosquittoOptions options)
    {
        var fleet = await SettlingFleet.PrepareAsync(options);
        fleet.Collecting = fleet.Collecting with
        {
            Options = ["--trust-on-first-use", "--user", "collector"],
            Environment = new Dictionary<string, string> { ["OFFLM_NETWORK_PASSWORD"] = "c" },
        };
        await fleet.StartCollectorAsync();
        fleet.Settings["OFFLM_NETWORK_USER"] = "box";
        fleet.Settings["OFFLM_NETWORK_PASSWORD"] = "b";
        return fleet;
    }
}
