using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Fleet.Reports;
using OffLM.Fleet.Store;
using OffLM.Fleet.Tests.Support;
using OffLM.Mqtt;
using OffLM.Mqtt.Contracts;
using OffLM.Shared.Mqtt;

namespace OffLM.Fleet.Tests.Collecting;

/// <summary>Collectors at a real broker.</summary>
public sealed class CollectorTests : IAsyncLifetime
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);

    private readonly TestFolder _folder = new();
    private readonly TestNode _node = new("a");
    private readonly KeyFileKey _key = new("collector", Keccak256.Hash("a collector for tests"u8).ToArray());
    private MosquittoBroker _broker = null!;
    private NodeClient _client = null!;

    public async Task InitializeAsync()
    {
        _broker = await MosquittoBroker.StartAsync();
        _client = await NodeClient.ConnectAsync(_broker.Uri);
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _broker.DisposeAsync();
        _key.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task M18_A_batch_is_answered_with_a_signed_verdict_and_is_stored_by_then()
    {
        await using var collector = await StartAsync();
        var message = _node.Next();
        await _client.SendAsync(message);
        var verdict = await _client.VerdictAsync(message);
        Assert.Equal(((uint)Verdict.Settled, "", 3ul), (verdict.Verdict, verdict.Reason, verdict.LastSequence));
        Assert.Equal(_key.Address, NodeClient.Signer(verdict));
        using var database = FleetDatabase.OpenReadOnly(Database);
        Assert.Equal(1, Assert.Single(NodeReport.Read(database)).Batches);
    }

    [Fact]
    public async Task A_batch_that_came_while_no_collector_ran_is_answered_by_the_next()
    {
        var (first, second) = (_node.Next(), _node.Next());
        await using (await StartAsync())
        {
            await _client.SendAsync(first);
            await _client.VerdictAsync(first);
        }

        await _client.SendAsync(second);
        await using var again = await StartAsync();
        Assert.Equal((uint)Verdict.Settled, (await _client.VerdictAsync(second)).Verdict);
    }

    [Fact]
    public async Task M28_Rubbish_and_packets_that_are_too_large_are_counted_and_harm_nobody()
    {
        await using var collector = await StartAsync();
        await _client.SendAsync([1, 2, 3], _node.Address);
        await _client.SendAsync([], _node.Address);
        await _client.SendAsync(new byte[300_000], _node.Address);
        await _client.SendAsync(new byte[2_000_000], _node.Address);
        await _client.PublishAsync(new MqttMessage("offlm/v1/default/nobody/receipts/batch", _node.Next().Bytes));
        var message = new TestNode("b").Next();
        await _client.SendAsync(message);
        await _client.VerdictAsync(message);
        using var database = FleetDatabase.OpenReadOnly(Database);
        Assert.Equal(3, new IncidentTable(database.Connection).Of(_node.Address).Sum(i => i.Count));
    }

    [Fact]
    public async Task Two_collectors_share_the_batches_and_settle_each_once()
    {
        var nodes = Enumerable.Range(0, 5).Select(i => new TestNode($"node {i}")).ToList();
        var messages = nodes.SelectMany(n => n.Chain(30)).OrderBy(m => m.Batch.Batch).ToList();
        await using (var first = await StartAsync())
        await using (var second = await StartAsync())
        {
            await _client.SettleAsync(messages, Again);
            Assert.True(first.Collector.Progress.Received > 0 && second.Collector.Progress.Received > 0);
        }

        Assert.All(_client.Verdicts, v => Assert.Equal((uint)Verdict.Settled, v.Verdict.Verdict));
        AssertBooks(messages);
    }

    [Fact]
    public async Task Twenty_thousand_receipts_settle()
    {
        var messages = _node.Chain(79, 256);
        await using (await StartAsync())
        {
            await _client.SettleAsync(messages, TimeSpan.FromSeconds(30));
        }

        AssertBooks(messages);
    }

    [Fact]
    public async Task A_broker_that_goes_away_and_comes_back_costs_nothing_but_time()
    {
        var messages = _node.Chain(10);
        await using (await StartAsync())
        {
            await _client.SettleAsync([.. messages.Take(5)], Again);
            await _broker.KillAsync();
            await _broker.StartAgainAsync(keepStore: false);
            await _client.SettleAsync([.. messages.Skip(5)], Again);
        }

        AssertBooks(messages);
    }

    [Fact]
    public async Task While_another_process_holds_the_database_nothing_is_answered_and_then_all_is()
    {
        await using var collector = await StartAsync();
        var message = _node.Next();
        using (var other = FleetDatabase.Open(Database))
        {
            other.Connection.Execute("BEGIN IMMEDIATE");
            await _client.SendAsync(message);
            await Until.TrueAsync(() => collector.Collector.Progress.Received == 1, () => "The batch did not come.");
            Assert.Empty(_client.On(message));
            other.Connection.Execute("COMMIT");
        }

        Assert.Equal((uint)Verdict.Settled, (await _client.VerdictAsync(message)).Verdict);
    }

    [Fact]
    public async Task M10_What_nodes_tell_of_themselves_is_kept()
    {
        var topics = new Topics("default", _node.Address.ToLowerString());
        await PublishAsync(topics.Birth, """{"schema":1,"software":{"name":"offlm-edge","version":"0.1.0"},"boot":7,"models":["0x00"]}"""u8.ToArray(), retain: true);
        await using var collector = await StartAsync();
        await PublishAsync(topics.State, """{"schema":1,"state":"online","boot":7}"""u8.ToArray());
        await Until.TrueAsync(() => Presence()?.State == "online", () => "The node is not online.");
        await PublishAsync(topics.State, """{"schema":1,"state":"offline","boot":6}"""u8.ToArray());
        await PublishAsync(topics.State, "not JSON"u8.ToArray());
        using var telemetry = new MemoryStream();
        Google.Protobuf.MessageExtensions.WriteTo(new TelemetryMessage { UnsettledBatches = 2, UnsettledReceipts = 30 }, telemetry);
        await PublishAsync(topics.Telemetry, telemetry.ToArray());
        await Until.TrueAsync(() => Presence()?.UnsettledReceipts == 30, () => "The telemetry is not there.");
        Assert.Equal(("0.1.0", 7u, "online"), (Presence()!.Version, Presence()!.Boot, Presence()!.State));
    }

    private string Database => _folder["fleet.db"];

    private Task<RunningCollector> StartAsync() => RunningCollector.StartAsync(Database, _broker.Uri, _key);

    private Task PublishAsync(string topic, byte[] payload, bool retain = false) => _client.PublishAsync(new MqttMessage(topic, payload) { Retain = retain });

    private PresenceRow? Presence()
    {
        using var database = FleetDatabase.OpenReadOnly(Database);
        return new PresenceTable(database.Connection).All().GetValueOrDefault(_node.Address);
    }

    /// <summary>The books hold exactly these batches, all settled.</summary>
    private void AssertBooks(IReadOnlyCollection<SignedMessage> messages)
    {
        using var database = FleetDatabase.OpenReadOnly(Database);
        var verified = BookState.AssertHolds(database);
        Assert.Equal((messages.Count, messages.Sum(m => m.Receipts.Count), 0L), (verified.Batches, verified.Receipts, verified.Refused));
        var fees = NodeReport.Read(database).Aggregate(System.Numerics.BigInteger.Zero, (sum, n) => sum + n.Fees);
        Assert.Equal(messages.Aggregate(System.Numerics.BigInteger.Zero, (sum, m) => sum + m.Batch.Fees), fees);
    }
}
