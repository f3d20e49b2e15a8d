using System.Net;
using System.Text.Json;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Lan.Tests.NodeApi;

/// <summary>A key's limits, as its holder meets them.</summary>
public sealed class LimitTests
{
    private static readonly Address Payer = Address.Parse("0x0000000000000000000000000000000000000a11");

    [Fact]
    public async Task Requests_beyond_a_minutes_quota_are_told_when_to_come_back()
    {
        await using var node = await RunningNode.StartAsync();
        var client = node.Client(node.AddKey("two a minute", k => k with { RequestsPerMinute = 2 }).Secret);
        await RunningNode.ReceiptOfAsync(client);
        await RunningNode.ReceiptOfAsync(client);
        using var response = await RunningNode.AskAsync(client);
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 30);
    }

    [Fact]
    public async Task Tokens_beyond_a_minutes_quota_make_the_next_request_wait()
    {
        await using var node = await RunningNode.StartAsync();
        var client = node.Client(node.AddKey("one token a minute", k => k with { TokensPerMinute = 1 }).Secret);
        await RunningNode.ReceiptOfAsync(client);
        using var response = await RunningNode.AskAsync(client);
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
    }

    [Fact]
    public async Task Without_credit_there_is_no_answer_and_no_receipt()
    {
        await using var node = await RunningNode.StartAsync(options: o => o with { Tariff = Tariff.Free with { Input = 1_000_000, Output = 1_000_000 } });
        var client = node.Client(node.AddKey("poor", k => k with { CreditLimit = 1, Payer = Payer }).Secret);
        using var response = await RunningNode.AskAsync(client);
        Assert.Equal(HttpStatusCode.PaymentRequired, response.StatusCode);
        using var error = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Contains("The credit left is 1 atto-OFFLM", error.RootElement.GetProperty("error").GetProperty("message").GetString());
        Assert.Empty((await RunningNode.GetAsync(client, "/node/v1/receipts")).GetProperty("receipts").EnumerateArray());
    }

    [Fact]
    public async Task A_key_may_use_the_models_of_its_list_only()
    {
        await using var node = await RunningNode.StartAsync();
        using var response = await RunningNode.AskAsync(node.Client(node.AddKey("others", k => k with { Models = ["another"] }).Secret));
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }
}
