using System.Net;
using System.Text.Json.Nodes;
using OffLM.Edge.Lan.Tests.Serving;
using OffLM.Edge.Metering.Receipts;

namespace OffLM.Edge.Lan.Tests.OpenAi;

[Collection(SharedNodeTests.Name)]
public sealed class ChatTests(SharedNode shared)
{
    private const string Path = "/v1/chat/completions";

    private readonly ServingNode _node = shared.Node;

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/api/chat")]
    public async Task Special_tokens_are_text_in_a_message_and_tokens_in_a_raw_prompt(string path)
    {
        var text = string.Concat(Enumerable.Repeat("<|im_start|>", 50));

        var message = await _node.Http.AskAsync(path, Asking.Chat(text, b => (b["stream"], b["options"]) = (false, new JsonObject { ["num_predict"] = 1 })));
        var raw = await _node.Http.AskAsync("/v1/completions", new JsonObject { ["model"] = "tiny", ["prompt"] = text, ["max_tokens"] = 1 });

        Assert.Equal("50", raw.Text("offlm", "promptTokens"));
        Assert.True(message["offlm"]!["promptTokens"]!.GetValue<int>() > 200, message.ToJsonString());
    }

    [Fact]
    public async Task A_chat_has_OpenAIs_shape_and_names_its_receipt()
    {
        using var response = await _node.Http.PostTextAsync(Path, Asking.Chat("Hello").ToJsonString());

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.StartsWith("chatcmpl-", answer.Text("id"));
        Assert.Equal("chat.completion", answer.Text("object"));
        Assert.Equal("tiny", answer.Text("model"));
        Assert.Equal("assistant", answer.Text("choices", 0, "message", "role"));
        Assert.NotEqual("", answer.Text("choices", 0, "message", "content"));
        Assert.Contains(answer.Text("choices", 0, "finish_reason"), (string[])["stop", "length"]);
        Assert.Equal(response.Headers.GetValues("Offlm-Receipt").Single(), answer.Text("offlm", "receipt"));
    }

    [Fact]
    public async Task Usage_the_offlm_object_and_the_ledger_agree()
    {
        var answer = await _node.Http.AskAsync(Path, Asking.Chat("Hello there"));

        var receipt = await _node.ReceiptAsync(answer.Text("offlm", "receipt"));
        Assert.Equal(answer.Text("usage", "prompt_tokens"), receipt.PromptTokens.ToString());
        Assert.Equal(answer.Text("usage", "completion_tokens"), receipt.CompletionTokens.ToString());
        Assert.Equal(answer.Text("usage", "prompt_tokens_details", "cached_tokens"), receipt.CachedTokens.ToString());
        Assert.Equal(answer.Text("usage", "total_tokens"), (receipt.PromptTokens + receipt.CompletionTokens).ToString());
        Assert.Equal(answer.Text("offlm", "promptTokens"), receipt.PromptTokens.ToString());
        Assert.Equal(answer.Text("offlm", "completionTokens"), receipt.CompletionTokens.ToString());
        Assert.Equal(answer.Text("offlm", "sequence"), receipt.Sequence.ToString());
        Assert.Equal("0", answer.Text("offlm", "fee"));
        Assert.Equal("\"0\"", answer["offlm"]!["fee"]!.ToJsonString());
    }

    [Fact]
    public async Task The_salts_open_the_commitment_to_what_was_answered()
    {
        var answer = await _node.Http.AskAsync(Path, Asking.Chat("Hello"));

        var receipt = await _node.ReceiptAsync(answer.Text("offlm", "receipt"));
        var salt = Signing.Bytes32.Parse(answer.Text("offlm", "salts", "completion"));
        Assert.Equal(receipt.CompletionCommitment, Commitment.To(salt, answer.Text("choices", 0, "message", "content")));
        Assert.NotEqual(answer.Text("offlm", "salts", "prompt"), answer.Text("offlm", "salts", "execution"));
    }

    [Fact]
    public async Task A_stream_begins_with_the_role_carries_the_text_and_ends_with_reason_and_receipt()
    {
        var events = await _node.Http.EventsAsync(Path, Asking.Chat("Hello", b => b["seed"] = 5));
        var whole = await _node.Http.AskAsync(Path, Asking.Chat("Hello", b => b["seed"] = 5));

        Assert.Equal("assistant", events[0].Text("choices", 0, "delta", "role"));
        Assert.All(events, e => Assert.Equal("chat.completion.chunk", e.Text("object")));
        Assert.Single(events.Select(e => e.Text("id")).Distinct());
        Assert.All(events[..^1], e => Assert.Equal("null", e.Text("choices", 0, "finish_reason")));
        Assert.All(events[..^1], e => Assert.Null(e["offlm"]));
        Assert.Equal(
            whole.Text("choices", 0, "message", "content"),
            string.Concat(events[..^1].Select(e => e.Text("choices", 0, "delta", "content"))));
        Assert.Equal(whole.Text("choices", 0, "finish_reason"), events[^1].Text("choices", 0, "finish_reason"));
        var receipt = await _node.ReceiptAsync(events[^1].Text("offlm", "receipt"));
        Assert.Equal(whole.Text("usage", "completion_tokens"), receipt.CompletionTokens.ToString());
    }

    [Fact]
    public async Task Usage_comes_in_a_last_chunk_without_choices_when_asked_for()
    {
        var events = await _node.Http.EventsAsync(Path, Asking.Chat("Hello", b => b["stream_options"] = new JsonObject { ["include_usage"] = true }));

        Assert.Equal("[]", events[^1].Text("choices"));
        Assert.Equal(events[^2].Text("offlm", "completionTokens"), events[^1].Text("usage", "completion_tokens"));
        Assert.All(events[..^1], e => Assert.Equal("null", e.Text("usage")));
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_answer_and_no_seed_another()
    {
        var seeded = await Texts(b => b["seed"] = 42);
        var free = await Texts(_ => { });

        Assert.Equal(seeded[0], seeded[1]);
        Assert.NotEqual(free[0], free[1]);

        async Task<string[]> Texts(Action<JsonObject> more) =>
        [
            (await _node.Http.AskAsync(Path, Asking.Chat("Tell me", more))).Text("choices", 0, "message", "content"),
            (await _node.Http.AskAsync(Path, Asking.Chat("Tell me", more))).Text("choices", 0, "message", "content"),
        ];
    }

    [Fact]
    public async Task Max_tokens_ends_an_answer_with_length()
    {
        foreach (var field in (string[])["max_tokens", "max_completion_tokens"])
        {
            // No token that ends the answer can win: all of them have the lowest bias there is.
            var answer = await _node.Http.AskAsync(Path, Endless(field, 5));

            Assert.Equal("length", answer.Text("choices", 0, "finish_reason"));
            Assert.Equal("5", answer.Text("usage", "completion_tokens"));
        }
    }

    [Fact]
    public async Task A_stop_sequence_ends_the_answer_and_is_not_in_it()
    {
        var free = (await _node.Http.AskAsync(Path, Asking.Chat("Go", b => (b["seed"], b["max_tokens"]) = (3, 40)))).Text("choices", 0, "message", "content");
        var stop = free.Substring(free.Length / 2, 3);

        foreach (var given in (JsonNode[])[stop, new JsonArray("never in it §", stop)])
        {
            var answer = await _node.Http.AskAsync(Path, Asking.Chat("Go", b => (b["seed"], b["max_tokens"], b["stop"]) = (3, 40, given)));

            Assert.Equal("stop", answer.Text("choices", 0, "finish_reason"));
            Assert.Equal(free[..free.IndexOf(stop, StringComparison.Ordinal)], answer.Text("choices", 0, "message", "content"));
        }
    }

    [Fact]
    public async Task Text_parts_are_one_text_and_developer_is_system()
    {
        var parts = JsonNode.Parse("""
            {"model":"tiny","seed":1,"max_tokens":8,"messages":[
              {"role":"developer","content":[{"type":"text","text":"Be "},{"type":"text","text":"brief."}]},
              {"role":"user","content":[{"type":"text","text":"Hi"}]}]}
            """)!;
        var plain = JsonNode.Parse("""
            {"model":"tiny","seed":1,"max_tokens":8,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]}
            """)!;

        var first = await _node.Http.AskAsync(Path, parts);
        var second = await _node.Http.AskAsync(Path, plain);

        Assert.Equal(second.Text("usage", "prompt_tokens"), first.Text("usage", "prompt_tokens"));
        Assert.Equal(second.Text("choices", 0, "message", "content"), first.Text("choices", 0, "message", "content"));
    }

    [Fact]
    public async Task Logprobs_come_one_a_token_with_as_many_alternatives_as_asked_for()
    {
        var body = Asking.Chat("Hi", b => (b["logprobs"], b["top_logprobs"], b["seed"]) = (true, 3, 1));
        var whole = await _node.Http.AskAsync(Path, body.DeepClone());
        var events = await _node.Http.EventsAsync(Path, body);

        var tokens = whole["choices"]![0]!["logprobs"]!["content"]!.AsArray();
        Assert.Equal(whole.Text("usage", "completion_tokens"), tokens.Count.ToString());
        Assert.All(tokens, t => Assert.Equal(3, t!["top_logprobs"]!.AsArray().Count));
        Assert.All(tokens, t => Assert.True(t!["logprob"]!.GetValue<double>() <= 0));
        Assert.Equal(whole.Text("choices", 0, "message", "content"), string.Concat(tokens.Select(t => t!.Text("token"))));
        var streamed = events.SelectMany(e => e["choices"]![0]!["logprobs"]?["content"]?.AsArray().Select(t => t!.Text("token")) ?? []);
        Assert.Equal(tokens.Select(t => t!.Text("token")), streamed);
    }

    [Fact]
    public async Task A_retry_with_the_same_key_gets_the_same_answer_and_receipt_and_another_request_is_refused()
    {
        var key = Guid.NewGuid().ToString();
        var first = await PostAsync(Asking.Chat("Hello"));
        var again = await PostAsync(Asking.Chat("Hello"));
        var other = await PostAsync(Asking.Chat("Something else"));

        Assert.Equal(first.Body.Text("choices", 0, "message", "content"), again.Body.Text("choices", 0, "message", "content"));
        Assert.Equal(first.Body.Text("offlm", "sequence"), again.Body.Text("offlm", "sequence"));
        Assert.Equal(HttpStatusCode.Conflict, other.Status);
        Assert.Contains("new key", other.Body.Text("error", "message"));

        async Task<(HttpStatusCode Status, JsonNode Body)> PostAsync(JsonObject body)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new StringContent(body.ToJsonString()) };
            request.Headers.Add("Idempotency-Key", key);
            using var response = await _node.Http.SendAsync(request);
            return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
        }
    }

    /// <summary>A request whose answer only ends at its limit.</summary>
    internal static JsonObject Endless(string limitField, int limit) => Asking.Chat("Go on", b =>
    {
        b.Remove("max_tokens");
        b[limitField] = limit;
        b["logit_bias"] = new JsonObject { ["1017"] = -100, ["1019"] = -100 };
    });
}
