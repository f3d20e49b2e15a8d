using System.Net;
using System.Text;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.BadInput;

/// <summary>Requests that no good client makes. Each is refused with its reason, nothing is recorded, and the next one is answered.</summary>
public sealed class RequestTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private const string Marker = "xyzzymarker";

    private PublishedNode Node => shared.Node;

    [Theory]
    [InlineData("{\"model\": \"starter\", \"messages\": [{\"role\": \"user\", \"content\": \"xyzzymarker", "not valid JSON")]
    [InlineData("", "no body")]
    [InlineData("[\"xyzzymarker\"]", "JSON object")]
    [InlineData("\"xyzzymarker\"", "JSON object")]
    [InlineData("{\"model\": 7, \"messages\": []}", "model")]
    [InlineData("{\"messages\": []}", "model")]
    [InlineData("{\"model\": \"starter\"}", "messages")]
    [InlineData("{\"model\": \"starter\", \"messages\": \"xyzzymarker\"}", "messages")]
    [InlineData("{\"model\": \"starter\", \"messages\": [7]}", "messages[0]")]
    [InlineData("{\"model\": \"starter\", \"messages\": [{\"role\": \"user\", \"content\": {\"a\": 1}}]}", "content")]
    [InlineData("{\"model\": \"starter\", \"max_tokens\": \"xyzzymarker\", \"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}", "max_tokens")]
    [InlineData("{\"model\": \"starter\", \"max_tokens\": -1, \"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}", "max_tokens")]
    [InlineData("{\"model\": \"starter\", \"temperature\": 1e308, \"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}", "temperature")]
    [InlineData("{\"model\": \"starter\", \"n\": 2, \"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}", "n")]
    [InlineData("{\"model\": \"starter\", \"stream\": \"yes\", \"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}", "stream")]
    public async Task A_body_that_makes_no_sense_is_refused_with_400_and_the_reason_and_never_quoted(string body, string reason)
    {
        var answer = (await Node.Http.PostAsync(Api.ChatPath, body)).Is(HttpStatusCode.BadRequest);

        Assert.Contains(reason, answer.Error, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Marker, answer.Text);
        await AssertUnharmedAsync();
    }

    [Fact]
    public async Task A_body_nested_a_hundred_thousand_levels_deep_is_refused()
    {
        var body = "{\"model\": \"starter\", \"messages\": " + new string('[', 100_000) + new string(']', 100_000) + "}";

        Assert.Contains("nested", (await Node.Http.PostAsync(Api.ChatPath, body)).Is(HttpStatusCode.BadRequest).Error);
        await AssertUnharmedAsync();
    }

    [Fact]
    public async Task A_body_beyond_the_limit_is_refused_with_413()
    {
        var answer = await Node.Http.PostAsync(Api.ChatPath, Api.Chat(new string('a', 5 << 20)));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.Status);
        await AssertUnharmedAsync();
    }

    [Fact]
    public async Task Invalid_UTF_8_is_refused()
    {
        var body = Encoding.UTF8.GetBytes(Api.Chat("caf?"));
        body[Array.IndexOf(body, (byte)'?')] = 0xff;

        Assert.Contains("UTF-8", (await Node.Http.PostAsync(Api.ChatPath, body)).Is(HttpStatusCode.BadRequest).Error);
        await AssertUnharmedAsync();
    }

    [Fact]
    public async Task An_unknown_model_is_404_in_each_API()
    {
        var unknown = Api.Chat().Replace("starter", "nonesuch", StringComparison.Ordinal);

        Assert.Equal("model_not_found", (await Node.Http.PostAsync(Api.ChatPath, unknown)).Is(HttpStatusCode.NotFound).Code);
        Assert.Contains("nonesuch", (await Node.Http.PostAsync("/api/chat", unknown)).Is(HttpStatusCode.NotFound).Json.GetProperty("error").GetString());
    }

    [Fact]
    public async Task A_prompt_longer_than_the_context_is_refused_with_both_lengths()
    {
        var answer = (await Node.Http.PostAsync(Api.ChatPath, Api.Chat(string.Concat(Enumerable.Repeat("word and another ", 10_000))))).Is(HttpStatusCode.BadRequest);

        Assert.Equal("context_length_exceeded", answer.Code);
        Assert.Contains("4096", answer.Error);
        await AssertUnharmedAsync();
    }

    [Theory]
    [InlineData("Host", "evil.example")]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    public async Task A_request_from_another_site_s_page_is_refused_with_403(string header, string value)
    {
        (await Node.Http.PostAsync(Api.ChatPath, Api.Chat(), (header, value))).Is(HttpStatusCode.Forbidden);
        await AssertUnharmedAsync();
    }

    /// <summary>The node answers, and what was refused left no receipt and no hold.</summary>
    private async Task AssertUnharmedAsync()
    {
        var before = LedgerFile.Summary(Node.State);
        var answer = await Node.Http.AskAsync();
        var after = LedgerFile.Summary(Node.State);

        Assert.Equal((before.Receipts + 1, 0), (after.Receipts, after.Holds));
        Assert.Equal(after.Receipts, answer.Json.GetProperty("offlm").GetProperty("sequence").GetUInt64());
        Assert.DoesNotContain(Marker, Node.Log);
    }
}
