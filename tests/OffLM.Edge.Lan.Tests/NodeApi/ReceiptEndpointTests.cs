using System.Net;
using System.Text.Json;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Documents;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Lan.Tests.NodeApi;

public sealed class ReceiptEndpointTests(ServedNode node) : IClassFixture<ServedNode>
{
    [Fact]
    public async Task The_owner_sees_everybodys_receipts_newest_first()
    {
        var page = await RunningNode.GetAsync(node.Owner, "/node/v1/receipts");
        Assert.Equal(["4", "3", "2", "1"], Column(page, "sequence"));
        Assert.Equal(["open", "signed", "signed", "signed"], Column(page, "state"));
        Assert.Equal([node.AnnasKey.Id, "", node.AnnasKey.Id, ""], Column(page, "caller"));
        Assert.False(page.TryGetProperty("next", out _));
    }

    [Fact]
    public async Task Receipts_come_in_pages()
    {
        var first = await RunningNode.GetAsync(node.Owner, "/node/v1/receipts?limit=3");
        Assert.Equal(["4", "3", "2"], Column(first, "sequence"));
        var second = await RunningNode.GetAsync(node.Owner, $"/node/v1/receipts?limit=3&before={first.GetProperty("next").GetString()}");
        Assert.Equal(["1"], Column(second, "sequence"));
    }

    [Fact]
    public async Task The_owner_can_ask_for_one_callers_receipts()
    {
        Assert.Equal(["4", "2"], Column(await RunningNode.GetAsync(node.Owner, "/node/v1/receipts?caller=Anna"), "sequence"));
        await RunningNode.GetAsync(node.Owner, "/node/v1/receipts?caller=Nobody", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_key_of_use_scope_sees_its_own_receipts_only()
    {
        Assert.Equal(["4", "2"], Column(await RunningNode.GetAsync(node.Anna, "/node/v1/receipts"), "sequence"));
        await RunningNode.GetAsync(node.Anna, $"/node/v1/receipts/{node.Receipts[0]}", HttpStatusCode.NotFound);
        await RunningNode.GetAsync(node.Anna, "/node/v1/receipts/1", HttpStatusCode.NotFound);
        await RunningNode.GetAsync(node.Anna, "/node/v1/receipts/2");
        await RunningNode.GetAsync(node.Anna, "/node/v1/receipts?caller=key_other", HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=257")]
    [InlineData("limit=many")]
    [InlineData("before=-1")]
    public async Task A_page_that_cannot_be_is_refused_with_the_allowed_range(string query) =>
        Assert.Contains("must be a whole number", (await RunningNode.GetAsync(node.Owner, $"/node/v1/receipts?{query}", HttpStatusCode.BadRequest)).GetProperty("error").GetString());

    [Theory]
    [InlineData("first", HttpStatusCode.BadRequest)]
    [InlineData("0", HttpStatusCode.BadRequest)]
    [InlineData("99", HttpStatusCode.NotFound)]
    [InlineData("0x0000000000000000000000000000000000000000000000000000000000000001", HttpStatusCode.NotFound)]
    public async Task A_receipt_that_is_not_there_is_not_found(string name, HttpStatusCode status) =>
        await RunningNode.GetAsync(node.Owner, $"/node/v1/receipts/{name}", status);

    [Fact]
    public async Task A_signed_receipt_proves_itself()
    {
        var document = await RunningNode.GetAsync(node.Anna, $"/node/v1/receipts/{node.Receipts[1]}");
        var receipt = Struct<Receipt>(document.GetProperty("receipt"));
        var batch = Struct<ReceiptBatch>(document.GetProperty("batch"));
        var proof = document.GetProperty("proof").EnumerateArray().Select(p => Bytes32.Parse(p.GetString())).ToArray();
        Assert.Equal(batch.Root, MerkleTree.RootOf(TypedStruct.Hash(receipt), proof));
        Assert.True(RecoverableSignature.TryParse(document.GetProperty("signature").GetString(), out var signature));
        Assert.Equal(batch.Node, signature.Recover(TypedDomain.TestNetwork.Digest(TypedStruct.Hash(batch))));
        var salts = document.GetProperty("salts");
        Assert.Equal(receipt.Execution, Commitment.To(Bytes32.Parse(salts.GetProperty("execution").GetString()), salts.GetProperty("executionRecord").GetString()!));
    }

    [Fact]
    public async Task The_owner_can_forget_what_opens_a_receipt()
    {
        var request = await RunningNode.ReceiptOfAsync(node.Running.Client(node.Running.AddKey("to be forgotten").Secret));
        var path = $"/node/v1/receipts/{request}";
        Assert.True((await RunningNode.JsonAsync(node.Owner, HttpMethod.Delete, $"{path}/salts")).GetProperty("forgotten").GetBoolean());
        Assert.Equal(JsonValueKind.Null, (await RunningNode.GetAsync(node.Owner, path)).GetProperty("salts").ValueKind);
        Assert.False((await RunningNode.JsonAsync(node.Owner, HttpMethod.Delete, $"{path}/salts")).GetProperty("forgotten").GetBoolean());
    }

    [Fact]
    public async Task An_export_verifies_with_nothing_but_itself()
    {
        await using var document = await node.Owner.GetStreamAsync("/node/v1/export");
        var result = await ExportVerifier.VerifyAsync(document, CancellationToken.None);
        Assert.True(result.Holds, string.Join('\n', result.Failures));
        Assert.Equal((1, 3), (result.Batches, result.Receipts));
    }

    [Fact]
    public async Task An_export_of_one_request_discloses_nothing_of_the_others()
    {
        await using var document = await node.Owner.GetStreamAsync($"/node/v1/export?request={node.Receipts[1]}");
        var result = await ExportVerifier.VerifyAsync(document, CancellationToken.None);
        Assert.True(result.Holds, string.Join('\n', result.Failures));
        Assert.Equal((1, 2), (result.Receipts, result.Hidden));
    }

    [Fact]
    public async Task An_export_that_cannot_be_says_why_with_a_status()
    {
        await RunningNode.GetAsync(node.Owner, "/node/v1/export?request=0x1", HttpStatusCode.BadRequest);
        await RunningNode.GetAsync(node.Owner, $"/node/v1/export?request={Bytes32.Random()}", HttpStatusCode.NotFound);
        Assert.Contains("no signed batch", (await RunningNode.GetAsync(node.Owner, $"/node/v1/export?request={node.Receipts[3]}", HttpStatusCode.Conflict)).GetProperty("error").GetString());
    }

    [Fact]
    public async Task Batches_are_listed_and_shown()
    {
        var batch = Assert.Single((await RunningNode.GetAsync(node.Owner, "/node/v1/batches")).GetProperty("batches").EnumerateArray());
        Assert.Equal(TypedStruct.Hash(Struct<ReceiptBatch>(batch.GetProperty("batch"))).ToString(), batch.GetProperty("hash").GetString());
        Assert.True(batch.GetProperty("network").GetProperty("testNetwork").GetBoolean());
        Assert.Equal(batch.GetRawText(), (await RunningNode.GetAsync(node.Owner, "/node/v1/batches/1")).GetRawText());
        Assert.Empty((await RunningNode.GetAsync(node.Owner, "/node/v1/batches?from=2")).GetProperty("batches").EnumerateArray());
        await RunningNode.GetAsync(node.Owner, "/node/v1/batches/2", HttpStatusCode.NotFound);
        await RunningNode.GetAsync(node.Owner, "/node/v1/batches/first", HttpStatusCode.BadRequest);
    }

    private static T Struct<T>(JsonElement json)
        where T : ITypedStruct<T>, new() => TypedStruct.ReadJson<T>(System.Text.Encoding.UTF8.GetBytes(json.GetRawText()));

    private static IEnumerable<string?> Column(JsonElement page, string name) =>
        page.GetProperty("receipts").EnumerateArray().Where(r => int.Parse(r.GetProperty("sequence").GetString()!) <= 4).Select(r => r.GetProperty(name).GetString());
}
