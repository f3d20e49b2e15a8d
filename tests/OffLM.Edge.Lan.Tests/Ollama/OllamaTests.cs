using System.Text.Json.Nodes;
using OffLM.Edge.Lan.Tests.Serving;

namespace OffLM.Edge.Lan.Tests.Ollama;

[Collection(SharedNodeTests.Name)]
public sealed class OllamaTests(SharedNode shared)
{
    private readonly ServingNode _node = shared.Node;

    [Fact]
    public async Task The_root_says_that_Ollama_is_running_to_GET_and_HEAD()
    {
        using var head = await _node.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/"));

        Assert.Equal("Ollama is running", await _node.Http.GetStringAsync("/"));
        Assert.True(head.IsSuccessStatusCode);
        Assert.Equal(17, head.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task The_version_is_one_that_clients_accept_with_the_nodes_own_beside_it()
    {
        var version = JsonNode.Parse(await _node.Http.GetStringAsync("/api/version"))!;

        Assert.True(Version.Parse(version.Text("version")) >= new Version(0, 6, 4));
        Assert.Equal("1.2.3", version.Text("offlm"));
    }

    [Fact]
    public async Task Tags_have_every_field_that_clients_read()
    {
        var tags = JsonNode.Parse(await _node.Http.GetStringAsync("/api/tags"))!;

        var tiny = tags["models"]!.AsArray().Single(m => m!.Text("name") == "tiny:latest")!;
        Assert.Equal("tiny:latest", tiny.Text("model"));
        Assert.Equal(64, tiny.Text("digest").Length);
        Assert.True(tiny["size"]!.GetValue<long>() > 1_000_000);
        Assert.True(DateTimeOffset.TryParse(tiny.Text("modified_at"), out _));
        Assert.Equal("qwen2", tiny.Text("details", "family"));
        Assert.Equal("qwen2", tiny.Text("details", "families", 0));
        Assert.Equal("int4", tiny.Text("details", "quantization_level"));
        Assert.Equal("onnx", tiny.Text("details", "format"));
    }

    [Fact]
    public async Task Show_tells_template_capabilities_and_context()
    {
        foreach (var field in (string[])["model", "name"])
        {
            var shown = await _node.Http.AskAsync("/api/show", new JsonObject { [field] = "tiny" });

            Assert.Contains("<|im_start|>", shown.Text("template"));
            Assert.Contains("tools", shown["capabilities"]!.AsArray().Select(c => c!.GetValue<string>()));
            Assert.Equal("qwen2", shown.Text("model_info", "general.architecture"));
            Assert.Equal("4096", shown.Text("model_info", "qwen2.context_length"));
            Assert.Equal("Apache-2.0", shown.Text("license"));
        }
    }

    [Theory]
    [InlineData(128)]
    [InlineData(300)]
    public async Task A_conversation_that_is_too_long_loses_its_oldest_messages(int context)
    {
        var messages = new JsonArray(Message("system", "Be brief."));
        for (var i = 0; i < 40; i++)
        {
            messages.Add(Message(i % 2 == 0 ? "user" : "assistant", $"this is message {i} of many"));
        }

        messages.Add(Message("user", "and now?"));
        var body = new JsonObject
        {
            ["model"] = "tiny",
            ["messages"] = messages,
            ["stream"] = false,
            ["options"] = new JsonObject { ["num_ctx"] = context, ["num_predict"] = 9 },
        };
        var answer = await _node.Http.AskAsync("/api/chat", body);

        // As much as fits: one message more has about 20 tokens.
        Assert.InRange(int.Parse(answer.Text("prompt_eval_count")), context - 40, context - 9);
        Assert.InRange(int.Parse(answer.Text("eval_count")), 1, 9);

        messages.Clear();
        messages.Add(Message("user", string.Concat(Enumerable.Repeat("word ", context))));
        var error = await _node.Http.RefusedAsync("/api/chat", body.ToJsonString(), System.Net.HttpStatusCode.BadRequest);
        Assert.Contains("Shorten the prompt", error.Text("error"));

        static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
    }

    [Fact]
    public async Task A_chat_streams_lines_unless_told_otherwise_and_ends_with_counts_durations_and_receipt()
    {
        var lines = await _node.Http.LinesAsync("/api/chat", Chat());
        var body = Chat();
        body["stream"] = false;
        var whole = await _node.Http.AskAsync("/api/chat", body);

        Assert.All(lines, l => Assert.Equal("tiny", l.Text("model")));
        Assert.All(lines, l => Assert.True(DateTimeOffset.TryParse(l.Text("created_at"), out _)));
        Assert.All(lines[..^1], l => Assert.Equal("false", l.Text("done")));
        Assert.Equal(whole.Text("message", "content"), string.Concat(lines.Select(l => l.Text("message", "content"))));
        foreach (var done in (JsonNode[])[lines[^1], whole])
        {
            Assert.Equal("true", done.Text("done"));
            Assert.Contains(done.Text("done_reason"), (string[])["stop", "length"]);
            var receipt = await _node.ReceiptAsync(done.Text("offlm", "receipt"));
            Assert.Equal(done.Text("prompt_eval_count"), receipt.PromptTokens.ToString());
            Assert.Equal(done.Text("eval_count"), receipt.CompletionTokens.ToString());
            var (total, prompt, eval) = (Nanoseconds("total_duration"), Nanoseconds("prompt_eval_duration"), Nanoseconds("eval_duration"));
            Assert.InRange(prompt, 1, total);
            Assert.InRange(eval, 0, total);
            Assert.InRange(total, 1_000, 60_000_000_000);
            Assert.InRange(Nanoseconds("load_duration"), 0, total);

            long Nanoseconds(string field) => done[field]!.GetValue<long>();
        }
    }

    [Fact]
    public async Task Generate_puts_system_and_prompt_in_the_models_template_and_raw_does_not()
    {
        var templated = await Generate(b => b["system"] = "Be brief.");
        var chat = Chat();
        chat["stream"] = false;
        chat["messages"]!.AsArray().Insert(0, new JsonObject { ["role"] = "system", ["content"] = "Be brief." });
        var chatted = await _node.Http.AskAsync("/api/chat", chat);
        var raw = await Generate(b => b["raw"] = true);

        Assert.Equal(chatted.Text("prompt_eval_count"), templated.Text("prompt_eval_count"));
        Assert.Equal(chatted.Text("message", "content"), templated.Text("response"));
        Assert.True(int.Parse(raw.Text("prompt_eval_count")) < int.Parse(templated.Text("prompt_eval_count")));
    }

    [Fact]
    public async Task Num_predict_ends_with_length_and_stop_sequences_end_with_stop()
    {
        var free = await Generate(b => b["options"]!["num_predict"] = 40);
        var text = free.Text("response");
        var stop = text.Substring(text.Length / 2, 3);
        var stopped = await Generate(b => (b["options"]!["num_predict"], b["options"]!["stop"]) = (40, new JsonArray(stop)));
        var limited = await Generate(b => b["options"]!["num_predict"] = 2);

        Assert.Equal("stop", stopped.Text("done_reason"));
        Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], stopped.Text("response"));
        Assert.Equal("length", limited.Text("done_reason"));
        Assert.Equal("2", limited.Text("eval_count"));
    }

    [Fact]
    public async Task Num_ctx_makes_the_context_smaller()
    {
        var answer = await Generate(b => (b["options"]!["num_ctx"], b["options"]!["num_predict"]) = (60, -1));

        Assert.InRange(int.Parse(answer.Text("prompt_eval_count")) + int.Parse(answer.Text("eval_count")), 2, 60);
        var error = await _node.Http.RefusedAsync(
            "/api/generate", """{"model":"tiny","prompt":"Hello","options":{"num_ctx":3}}""", System.Net.HttpStatusCode.BadRequest);
        Assert.Contains("context has 3", error.Text("error"));
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_answer()
    {
        var first = await Generate(b => b["options"]!["seed"] = 77);
        var second = await Generate(b => b["options"]!["seed"] = 77);
        var other = await Generate(b => b["options"]!["seed"] = 78);

        Assert.Equal(first.Text("response"), second.Text("response"));
        Assert.NotEqual(first.Text("response"), other.Text("response"));
    }

    [Fact]
    public async Task Format_json_gives_an_object()
    {
        var answer = await Generate(b => (b["format"], b["options"]!["num_predict"], b["options"]!["temperature"]) = ("json", 3000, 0.2));

        if (answer.Text("done_reason") == "stop")
        {
            Assert.IsType<JsonObject>(JsonNode.Parse(answer.Text("response")));
        }
        else
        {
            Assert.StartsWith("{", answer.Text("response"));
        }
    }

    [Fact]
    public async Task Tools_and_earlier_calls_are_taken()
    {
        var body = Chat();
        body["tools"] = JsonNode.Parse("""[{"type":"function","function":{"name":"lamp","description":"","parameters":{"type":"object","properties":{}}}}]""");
        body["messages"]!.AsArray().Add(JsonNode.Parse("""{"role":"assistant","content":"","tool_calls":[{"function":{"name":"lamp","arguments":{"on":true}}}]}"""));
        body["messages"]!.AsArray().Add(JsonNode.Parse("""{"role":"tool","tool_name":"lamp","content":"done"}"""));

        var lines = await _node.Http.LinesAsync("/api/chat", body);

        Assert.Equal("true", lines[^1].Text("done"));
    }

    private static JsonObject Chat() => JsonNode.Parse(
        """{"model":"tiny","messages":[{"role":"user","content":"Hello"}],"think":false,"options":{"seed":5,"num_predict":10,"num_thread":3}}""")!.AsObject();

    private Task<JsonNode> Generate(Action<JsonObject> more)
    {
        var body = JsonNode.Parse("""{"model":"tiny","prompt":"Hello","stream":false,"options":{"seed":5,"num_predict":10}}""")!.AsObject();
        more(body);
        return _node.Http.AskAsync("/api/generate", body);
    }
}
