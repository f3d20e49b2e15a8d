using System.Net;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.BadInput;

/// <summary>API keys that don't do, or don't do any more.</summary>
public sealed class KeyTests : IAsyncLifetime
{
    private PublishedNode _node = null!;

    public async Task InitializeAsync() => _node = await PublishedNode.StartAsync(new NodeSetup
    {
        Environment = new Dictionary<string, string> { ["OFFLM_METERING_TARIFF_OUTPUT"] = "1000000", ["OFFLM_METERING_TARIFF_INPUT"] = "1000" },
    });

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task An_unknown_key_is_401_even_where_none_is_needed()
    {
        using var http = _node.NewClient("offlm_nonesuch");

        Assert.Equal("invalid_api_key", (await http.PostAsync(Api.ChatPath, Api.Chat())).Is(HttpStatusCode.Unauthorized).Code);
    }

    [Fact]
    public async Task A_key_works_until_it_is_revoked()
    {
        using var http = _node.NewClient(await AddAsync("guest"));
        await http.AskAsync();

        (await Command.EdgeAsync(_node.State, "apikey", "revoke", "guest")).Succeeded();

        Assert.Contains("revoked", (await http.PostAsync(Api.ChatPath, Api.Chat())).Is(HttpStatusCode.Unauthorized).Error);
    }

    [Fact]
    public async Task Credit_that_runs_out_ends_an_answer_and_the_next_is_402()
    {
        // A token costs 1000 atto: enough for about ten.
        using var http = _node.NewClient(await AddAsync("payer", "--payer", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "--credit", "10200"));

        var last = (await http.PostAsync(Api.ChatPath, Api.Chat(maxTokens: 500))).Is(HttpStatusCode.OK);
        var receipt = LedgerFile.Receipts(_node.State).Single(r => r.Request.ToString() == last.Receipt).Receipt!;

        Assert.True(receipt.CompletionTokens < 20 && receipt.Fee <= 10_200, $"{receipt.CompletionTokens} tokens for {receipt.Fee} atto.");
        Assert.Equal("credit_exhausted", (await http.PostAsync(Api.ChatPath, Api.Chat())).Is(HttpStatusCode.PaymentRequired).Code);
    }

    [Fact]
    public async Task Beyond_a_key_s_rate_a_request_is_429_and_told_when_to_come_back()
    {
        using var http = _node.NewClient(await AddAsync("eager", "--requests-per-minute", "2"));
        await http.AskAsync();
        await http.AskAsync();

        var refused = (await http.PostAsync(Api.ChatPath, Api.Chat())).Is(HttpStatusCode.TooManyRequests);

        Assert.InRange(refused.RetryAfter!.Value.TotalSeconds, 1, 60);
        await _node.Http.AskAsync();
    }

    private async Task<string> AddAsync(params string[] options) =>
        (await Command.EdgeAsync(_node.State, ["apikey", "add", .. options])).Succeeded().Output.Trim();
}
