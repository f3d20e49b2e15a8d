using System.Net;
using System.Text.Json;
using OffLM.Edge.Lan.NodeApi;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Lan.Tests.NodeApi;

public sealed class NodeEndpointTests
{
    [Fact]
    public async Task Health_says_what_is_awaited_until_requests_are_taken()
    {
        await using var node = await RunningNode.StartAsync(serve: false);
        var waiting = await RunningNode.GetAsync(node.Client(), "/healthz", HttpStatusCode.ServiceUnavailable);
        Assert.Equal("starting", waiting.GetProperty("status").GetString());
        Assert.Contains("starting up", waiting.GetProperty("waitingFor").GetString());
        await node.Node.StartAsync();
        Assert.Equal("ok", (await RunningNode.GetAsync(node.Client(), "/healthz")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Status_tells_the_owner_about_ledger_and_key()
    {
        await using var node = await RunningNode.StartAsync();
        var owner = node.Client();
        await RunningNode.ReceiptOfAsync(owner);
        await RunningNode.JsonAsync(owner, HttpMethod.Post, "/node/v1/seal");
        var status = await RunningNode.GetAsync(owner, "/node/v1/status");
        Assert.Equal(("serving", "1.2.3-test"), (status.GetProperty("state").GetString(), status.GetProperty("version").GetString()));
        Assert.Equal((1, 0), (status.GetProperty("ledger").GetProperty("receipts").GetInt32(), status.GetProperty("ledger").GetProperty("open").GetInt32()));
        Assert.Equal("tiny", Assert.Single(status.GetProperty("loadedModels").EnumerateArray()).GetProperty("name").GetString());
        Assert.True(status.GetProperty("key").GetProperty("available").GetBoolean());

        var (_, secret) = node.AddKey("Anna");
        var key = await RunningNode.GetAsync(node.Client(secret), "/node/v1/key");
        Assert.True(Address.TryParse(key.GetProperty("address").GetString(), out _));
        Assert.True(key.GetProperty("network").GetProperty("testNetwork").GetBoolean());
        Assert.False(key.TryGetProperty("uri", out _));
    }

    [Fact]
    public async Task Without_its_key_the_node_answers_and_sealing_says_what_is_missing()
    {
        await using var node = await RunningNode.StartAsync(options: o => o with { Key = KeyUri.Parse("card:") });
        await RunningNode.ReceiptOfAsync(node.Client());
        var error = await RunningNode.JsonAsync(node.Client(), HttpMethod.Post, "/node/v1/seal", expected: HttpStatusCode.ServiceUnavailable);
        Assert.Contains("card:", error.GetProperty("error").GetString());
        Assert.False((await RunningNode.GetAsync(node.Client(), "/node/v1/key")).GetProperty("available").GetBoolean());
    }

    [Fact]
    public async Task A_rollback_that_nothing_proves_can_not_be_accepted()
    {
        await using var node = await RunningNode.StartAsync();
        var error = await RunningNode.JsonAsync(node.Client(), HttpMethod.Post, "/node/v1/accept-rollback", expected: HttpStatusCode.Conflict);
        Assert.Contains("no evidence", error.GetProperty("error").GetString());
    }

    [Fact]
    public async Task A_key_is_made_shown_once_used_and_revoked()
    {
        await using var node = await RunningNode.StartAsync();
        var owner = node.Client();
        var made = await RunningNode.JsonAsync(
            owner, HttpMethod.Post, "/node/v1/keys", """{"name":"Anna","models":["tiny"],"requestsPerMinute":60,"creditLimit":"1000000000000000000"}""", HttpStatusCode.Created);
        var anna = node.Client(made.GetProperty("secret").GetString());
        await RunningNode.GetAsync(anna, "/node/v1/status");

        var listed = Assert.Single((await RunningNode.GetAsync(owner, "/node/v1/keys")).GetProperty("keys").EnumerateArray());
        Assert.Equal(made.GetProperty("key").GetRawText(), listed.GetRawText());
        Assert.Equal(("use", "1000000000000000000"), (listed.GetProperty("scope").GetString(), listed.GetProperty("creditLimit").GetString()));

        Assert.True((await RunningNode.JsonAsync(owner, HttpMethod.Delete, "/node/v1/keys/Anna")).TryGetProperty("revokedAt", out _));
        await RunningNode.GetAsync(anna, "/node/v1/status", HttpStatusCode.Unauthorized);
        await RunningNode.JsonAsync(owner, HttpMethod.Delete, "/node/v1/keys/Anna", expected: HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("""{"name":""}""", "1 to 64 characters")]
    [InlineData("""{"name":"a","scope":"root"}""", "'scope' must be")]
    [InlineData("""{"name":"a","tokensPerMinute":0}""", "'tokensPerMinute' must be at least 1")]
    [InlineData("""{"name":"a","payer":"0x12"}""", "$.payer")]
    [InlineData("""{"name":"a","creditLimit":5}""", "$.creditLimit")]
    [InlineData("""{"name":"a","rights":"all"}""", "$.rights")]
    [InlineData("""{"name":""", "line 1")]
    [InlineData("null", "expected a JSON object")]
    public async Task A_key_that_cannot_be_is_refused_with_the_reason(string body, string reason)
    {
        await using var node = await RunningNode.StartAsync();
        var error = await RunningNode.JsonAsync(node.Client(), HttpMethod.Post, "/node/v1/keys", body, HttpStatusCode.BadRequest);
        Assert.Contains(reason, error.GetProperty("error").GetString());
    }

    [Fact]
    public async Task Models_are_listed_verified_and_deleted()
    {
        await using var node = await RunningNode.StartAsync();
        var owner = node.Client();
        await RunningNode.ReceiptOfAsync(owner);
        var model = Assert.Single((await RunningNode.GetAsync(owner, "/node/v1/models")).GetProperty("models").EnumerateArray());
        Assert.Equal(("tiny", true), (model.GetProperty("name").GetString(), model.GetProperty("loaded").GetBoolean()));
        Assert.True((await RunningNode.JsonAsync(owner, HttpMethod.Post, "/node/v1/models/tiny/verify")).GetProperty("intact").GetBoolean());

        var (_, secret) = node.AddKey("others only", k => k with { Models = ["another"] });
        Assert.Empty((await RunningNode.GetAsync(node.Client(secret), "/node/v1/models")).GetProperty("models").EnumerateArray());

        var weights = Directory.GetFiles(Path.Combine(node.Node.Options.ModelsDirectory, "tiny"), "*.data").Single();
        await using (var file = File.OpenWrite(weights))
        {
            file.WriteByte(0xFF);
            file.WriteByte(0x5A);
        }

        var verdict = await RunningNode.JsonAsync(owner, HttpMethod.Post, "/node/v1/models/tiny/verify");
        Assert.False(verdict.GetProperty("intact").GetBoolean());
        Assert.Contains(Path.GetFileName(weights), verdict.GetProperty("problem").GetString());

        await RunningNode.JsonAsync(owner, HttpMethod.Delete, "/node/v1/models/tiny");
        Assert.Empty((await RunningNode.GetAsync(owner, "/node/v1/models")).GetProperty("models").EnumerateArray());
        await RunningNode.JsonAsync(owner, HttpMethod.Delete, "/node/v1/models/tiny", expected: HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("offlm-model.json")]
    public async Task A_damaged_model_can_be_deleted(string file)
    {
        await using var node = await RunningNode.StartAsync();
        var owner = node.Client();
        await File.WriteAllTextAsync(Path.Combine(node.Node.Options.ModelsDirectory, "tiny", file), "{");

        await RunningNode.JsonAsync(owner, HttpMethod.Delete, "/node/v1/models/tiny");

        Assert.False(Directory.Exists(Path.Combine(node.Node.Options.ModelsDirectory, "tiny")));
    }

    [Fact]
    public async Task The_ledger_can_be_checked_while_the_node_runs()
    {
        await using var node = await RunningNode.StartAsync();
        var owner = node.Client();
        await RunningNode.ReceiptOfAsync(owner);
        Assert.True((await RunningNode.GetAsync(owner, "/node/v1/check")).GetProperty("sound").GetBoolean());
        Assert.Equal(1, (await RunningNode.GetAsync(owner, "/node/v1/check?full=true")).GetProperty("receipts").GetInt32());
        await RunningNode.GetAsync(owner, "/node/v1/check?full=maybe", HttpStatusCode.BadRequest);
        var repaired = await RunningNode.JsonAsync(owner, HttpMethod.Post, "/node/v1/check");
        Assert.Equal((true, 1, 0), (
            repaired.GetProperty("sound").GetBoolean(), repaired.GetProperty("receipts").GetInt32(), repaired.GetProperty("repairs").GetArrayLength()));
    }

    [Fact]
    public void Every_outcome_has_a_word()
    {
        foreach (var outcome in Enum.GetValues<Metering.Receipts.Outcome>().Where(o => o != Metering.Receipts.Outcome.None))
        {
            Assert.NotEmpty(Words.Of(outcome));
        }
    }
}
