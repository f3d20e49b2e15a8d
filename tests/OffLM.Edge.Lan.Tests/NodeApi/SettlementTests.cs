using System.Net;
using System.Text.Json;
using OffLM.Edge.Lan.Metrics;
using OffLM.Edge.Lan.Tests.Metrics;
using OffLM.Edge.Metering;
using OffLM.Edge.Signing;
using OffLM.Edge.Work.Status;

namespace OffLM.Edge.Lan.Tests.NodeApi;

/// <summary>What the owner sees of receipts on their way.</summary>
public sealed class SettlementTests
{
    private static readonly NetworkStatus Sync = new()
    {
        Link = new("waiting", new Uri("mqtt://broker.example:1883"), DateTimeOffset.UnixEpoch, "Connection refused.", 3, DateTimeOffset.UnixEpoch.AddSeconds(8)),
        Fleet = "attic",
        Identity = Address.Parse("0x47712FB7BB077D6E4B033AB9Bc8Ecb40c47cc924"),
        Collectors = [Address.Parse("0xFE60BE07519e406fF9e665a898e861A0E595730b")],
        Counts = new(1, 5, 2, 3, 1, 1),
        RejectedVerdicts = new Dictionary<string, long> { ["untrustedSigner"] = 2 },
        LastRejected = "A verdict on batch 1 was not taken.",
        Problems = ["The link to the broker is down: Connection refused."],
    };

    [Fact]
    public async Task Status_shows_what_waits_what_was_refused_and_how_the_link_is()
    {
        await using var node = await SealedAsync(batches: 3);
        await RefuseAsync(node, 2, "the tariff is not known");
        node.Node.Report(() => Sync);

        var status = await RunningNode.GetAsync(node.Client(), "/node/v1/status");

        var settlement = status.GetProperty("settlement");
        Assert.Equal((2, 2), (settlement.GetProperty("unsettledBatches").GetInt32(), settlement.GetProperty("unsettledReceipts").GetInt32()));
        Assert.Equal(1, settlement.GetProperty("oldest").GetProperty("batch").GetInt32());
        Assert.InRange(settlement.GetProperty("oldest").GetProperty("ageSeconds").GetDouble(), 0, 600);
        Assert.Equal("the tariff is not known", Assert.Single(settlement.GetProperty("refused").EnumerateArray()).GetProperty("reason").GetString());
        Assert.Equal("refused", settlement.GetProperty("lastVerdict").GetProperty("verdict").GetString());
        var link = status.GetProperty("sync").GetProperty("link");
        Assert.Equal(("waiting", "Connection refused."), (link.GetProperty("state").GetString(), link.GetProperty("problem").GetString()));
        var problems = status.GetProperty("problems").EnumerateArray().Select(p => p.GetString()!).ToList();
        Assert.Contains(problems, p => p.Contains("refused a batch of receipts, last batch 2: the tariff is not known.", StringComparison.Ordinal));
        Assert.Contains("The link to the broker is down: Connection refused.", problems);
        AssertDescribed(status, "Status");
    }

    [Fact]
    public async Task A_refused_receipt_says_why()
    {
        await using var node = await SealedAsync(batches: 1);
        await RefuseAsync(node, 1, "no");

        var listed = Assert.Single((await RunningNode.GetAsync(node.Client(), "/node/v1/receipts")).GetProperty("receipts").EnumerateArray());
        var shown = await RunningNode.GetAsync(node.Client(), "/node/v1/receipts/1");

        Assert.Equal(("refused", "no"), (listed.GetProperty("state").GetString(), listed.GetProperty("reason").GetString()));
        Assert.Equal(("refused", "no"), (shown.GetProperty("state").GetString(), shown.GetProperty("reason").GetString()));
        AssertDescribed(listed, "ReceiptEntry");
        AssertDescribed(shown, "ReceiptDocument");
    }

    [Fact]
    public async Task A_refused_batch_is_sent_again_on_demand_and_no_other()
    {
        await using var node = await SealedAsync(batches: 2);
        await RefuseAsync(node, 1, "no");
        var woken = 0;
        node.Node.OutboxChanged += () => woken++;

        var other = await RunningNode.JsonAsync(node.Client(), HttpMethod.Post, "/node/v1/batches/resend?batch=2", expected: HttpStatusCode.Conflict);
        var resent = await RunningNode.JsonAsync(node.Client(), HttpMethod.Post, "/node/v1/batches/resend?batch=1");
        var nothing = await RunningNode.JsonAsync(node.Client(), HttpMethod.Post, "/node/v1/batches/resend");

        Assert.Contains("Batch 2 is not refused", other.GetProperty("error").GetString());
        Assert.Equal((1, 0), (resent.GetProperty("batches").GetInt32(), nothing.GetProperty("batches").GetInt32()));
        Assert.True(woken > 0, "nobody was told that there is something to send");
        var status = await RunningNode.GetAsync(node.Client(), "/node/v1/status");
        Assert.Equal(2, status.GetProperty("settlement").GetProperty("unsettledBatches").GetInt32());
    }

    [Fact]
    public async Task Others_than_the_owner_see_and_move_nothing_of_it()
    {
        await using var node = await SealedAsync(batches: 1);
        node.Node.Report(() => Sync);
        var guest = node.Client(node.AddKey("Anna").Secret);

        var status = await RunningNode.GetAsync(guest, "/node/v1/status");

        Assert.False(status.TryGetProperty("settlement", out _));
        Assert.False(status.TryGetProperty("sync", out _));
        await RunningNode.JsonAsync(guest, HttpMethod.Post, "/node/v1/batches/resend", expected: HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Metrics_follow_what_is_unsettled_refused_and_rejected()
    {
        await using var node = await SealedAsync(batches: 3);
        await RefuseAsync(node, 3, "no");
        node.Node.Report(() => Sync);

        using var nodeMetrics = new NodeMetrics(node.Node);
        var metrics = PrometheusParser.Parse(nodeMetrics.Write());

        Assert.Equal(2, metrics.Value("offlm_settlement_unsettled_batches"));
        Assert.Equal(2, metrics.Value("offlm_settlement_unsettled_receipts"));
        Assert.Equal(1, metrics.Value("offlm_settlement_refused_batches"));
        Assert.InRange(metrics.Value("offlm_settlement_oldest_unsettled_age_seconds"), 0, 600);
        Assert.Equal(0, metrics.Value("offlm_network_connected"));
        Assert.Equal(5, metrics.Value("offlm_network_batches_sent_total"));
        Assert.Equal(3, metrics.Value("offlm_settlement_verdicts_total", ("verdict", "settled")));
        Assert.Equal(2, metrics.Value("offlm_settlement_rejected_verdicts_total", ("kind", "untrustedSigner")));
    }

    private static async Task<RunningNode> SealedAsync(int batches)
    {
        var node = await RunningNode.StartAsync();
        for (var i = 0; i < batches; i++)
        {
            await RunningNode.ReceiptOfAsync(node.Client());
            await RunningNode.JsonAsync(node.Client(), HttpMethod.Post, "/node/v1/seal");
        }

        return node;
    }

    private static async Task RefuseAsync(RunningNode node, ulong batch, string reason)
    {
        using var reader = node.Node.Ledger.Read();
        var stored = Assert.Single(reader.Batches(batch, 1));
        Assert.Equal(Resolution.Applied, await node.Node.Ledger.ResolveAsync(batch, stored.Hash, BatchState.Refused, reason, 1));
    }

    private static void AssertDescribed(JsonElement answer, string schema)
    {
        using var stream = Lan.NodeApi.OpenApiEndpoint.Open();
        using var document = JsonDocument.Parse(stream);
        Assert.Null(SchemaWalker.Problem(document.RootElement, document.RootElement.GetProperty("components").GetProperty("schemas").GetProperty(schema), answer));
    }

}
