using System.Net;
using System.Text.Json.Nodes;
using OffLM.Edge.Lan.Tests.Serving;
using OffLM.Edge.Metering.Receipts;

namespace OffLM.Edge.Lan.Tests.Ollama;

[Collection(SharedNodeTests.Name)]
public sealed class EmbedTests(SharedNode shared)
{
    private readonly HttpClient _http = shared.Node.Http;

    [Fact]
    public async Task Texts_become_vectors_with_durations_and_a_receipt()
    {
        var answer = await _http.AskAsync("/api/embed", Body(new JsonArray("winter", "summer in the garden")));
        var receipt = await shared.Node.ReceiptAsync(answer.Text("offlm", "receipt"));

        Assert.Equal([64, 64], answer["embeddings"]!.AsArray().Select(v => v!.AsArray().Count));
        Assert.Equal(receipt.PromptTokens.ToString(), answer.Text("prompt_eval_count"));
        Assert.True(answer["total_duration"]!.GetValue<long>() > 0);
        Assert.True(answer["load_duration"]!.GetValue<long>() >= 0);
        Assert.Equal((Outcome.Stop, 0u), (receipt.Outcome, receipt.CompletionTokens));
    }

    [Fact]
    public async Task A_request_without_texts_loads_the_model()
    {
        foreach (var body in (JsonObject[])[Body(new JsonArray()), new JsonObject { ["model"] = ServingNode.Encoder }])
        {
            Assert.Empty((await _http.AskAsync("/api/embed", body))["embeddings"]!.AsArray());
        }
    }

    [Fact]
    public async Task The_older_form_takes_one_prompt_and_gives_the_same_vector()
    {
        var newer = await _http.AskAsync("/api/embed", Body("winter"));
        var older = await _http.AskAsync("/api/embeddings", new JsonObject { ["model"] = ServingNode.Encoder, ["prompt"] = "winter" });

        Assert.Equal(newer["embeddings"]![0]!.ToJsonString(), older["embedding"]!.ToJsonString());
    }

    [Fact]
    public async Task A_long_text_is_cut_unless_that_is_not_wanted()
    {
        var text = string.Concat(Enumerable.Repeat(" the", 600));
        var cut = await _http.AskAsync("/api/embed", Body(text));

        Assert.Equal("512", cut.Text("prompt_eval_count"));
        var refused = await _http.RefusedAsync("/api/embed", Body(text, b => b["truncate"] = false), HttpStatusCode.BadRequest);
        Assert.Contains("Text 1 has 600 tokens", refused.Text("error"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fewer_dimensions_can_be_asked_for()
    {
        var answer = await _http.AskAsync("/api/embed", Body("winter", b => b["dimensions"] = 16));

        Assert.Equal(16, answer["embeddings"]![0]!.AsArray().Count);
    }

    [Theory]
    [InlineData("/api/embed", "input", "embeddings")]
    [InlineData("/api/embeddings", "prompt", "embedding")]
    public async Task No_text_loads_the_model(string path, string field, string result)
    {
        var answer = await _http.AskAsync(path, new JsonObject { ["model"] = ServingNode.Encoder, [field] = "" });

        Assert.Empty(answer[result]!.AsArray());
        Assert.Contains(shared.Node.Node.Models.Loaded, m => m.Model.Name == ServingNode.Encoder);
    }

    [Fact]
    public async Task Listings_say_what_the_model_can_do_and_what_computes_it()
    {
        await _http.AskAsync("/api/embed", Body("winter"));
        var shown = await _http.AskAsync("/api/show", new JsonObject { ["model"] = ServingNode.Encoder });
        var tags = Find(JsonNode.Parse(await _http.GetStringAsync("/api/tags"))!);
        var loaded = Find(JsonNode.Parse(await _http.GetStringAsync("/api/ps"))!);

        Assert.Equal("""["embedding"]""", shown["capabilities"]!.ToJsonString());
        Assert.Equal("64", shown.Text("model_info", "bert.embedding_length"));
        Assert.Equal("""["embedding"]""", tags["capabilities"]!.ToJsonString());
        Assert.Equal(("onnxruntime-encoder", "512"), (loaded.Text("offlm", "engine"), loaded.Text("context_length")));

        static JsonNode Find(JsonNode models) => models["models"]!.AsArray().Single(m => m!.Text("name") == ServingNode.Encoder + ":latest")!;
    }

    [Theory]
    [InlineData("/api/embed", """{"model":"tiny","input":"x"}""", "The model tiny answers and makes no embeddings")]
    [InlineData("/api/embeddings", """{"model":"tiny","prompt":"x"}""", "The model tiny answers and makes no embeddings")]
    [InlineData("/api/chat", """{"model":"tiny-encoder","messages":[{"role":"user","content":"x"}]}""", "makes embeddings and can't answer")]
    [InlineData("/api/generate", """{"model":"tiny-encoder","prompt":"x"}""", "makes embeddings and can't answer")]
    public async Task A_model_of_the_other_kind_is_refused_with_400(string path, string body, string message)
    {
        var refused = await _http.RefusedAsync(path, body, HttpStatusCode.BadRequest);

        Assert.Contains(message, refused.Text("error"), StringComparison.Ordinal);
    }

    private static JsonObject Body(JsonNode input, Action<JsonObject>? more = null)
    {
        var body = new JsonObject { ["model"] = ServingNode.Encoder, ["input"] = input };
        more?.Invoke(body);
        return body;
    }
}
