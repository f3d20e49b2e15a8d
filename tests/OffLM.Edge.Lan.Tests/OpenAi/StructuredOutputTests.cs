using System.Text.Json;
using System.Text.Json.Nodes;
using OffLM.Edge.Lan.Tests.Serving;

namespace OffLM.Edge.Lan.Tests.OpenAi;

[Collection(SharedNodeTests.Name)]
public sealed class StructuredOutputTests(SharedNode shared)
{
    private const string Path = "/v1/chat/completions";

    private const string Schema = """
        {"type":"object","properties":{"colour":{"enum":["red","green"]},"count":{"type":"integer","minimum":0,"maximum":99}},
         "required":["colour","count"],"additionalProperties":false}
        """;

    private const string Tools = """
        [{"type":"function","function":{"name":"lamp","description":"Switches a lamp",
          "parameters":{"type":"object","properties":{"on":{"type":"boolean"}},"required":["on"],"additionalProperties":false}}}]
        """;

    private readonly ServingNode _node = shared.Node;

    [Fact]
    public async Task A_json_schema_is_kept_to()
    {
        var answer = await _node.Http.AskAsync(Path, Asking.Chat("Pick", b =>
        {
            b["max_tokens"] = 200;
            b["response_format"] = new JsonObject { ["type"] = "json_schema", ["json_schema"] = new JsonObject { ["name"] = "pick", ["schema"] = JsonNode.Parse(Schema) } };
        }));

        AssertConforms(answer.Text("choices", 0, "message", "content"));
    }

    [Fact]
    public async Task Ollamas_format_is_kept_to()
    {
        var answer = await _node.Http.AskAsync(
            "/api/chat",
            new JsonObject
            {
                ["model"] = "tiny",
                ["stream"] = false,
                ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Pick" }),
                ["format"] = JsonNode.Parse(Schema),
            });

        AssertConforms(answer.Text("message", "content"));
    }

    [Fact]
    public async Task A_tool_that_is_insisted_on_is_called_with_arguments_of_its_schema()
    {
        foreach (var choice in (JsonNode[])["required", JsonNode.Parse("""{"type":"function","function":{"name":"lamp"}}""")!])
        {
            var answer = await _node.Http.AskAsync(Path, WithTools(choice));

            var call = answer["choices"]![0]!["message"]!["tool_calls"]![0]!;
            Assert.Equal("tool_calls", answer.Text("choices", 0, "finish_reason"));
            Assert.Null(answer["choices"]![0]!["message"]!["content"]);
            Assert.Equal("function", call.Text("type"));
            Assert.StartsWith("call_", call.Text("id"));
            Assert.Equal("lamp", call.Text("function", "name"));
            Assert.Contains(call.Text("function", "arguments"), (string[])["{\"on\":true}", "{\"on\":false}"]);
        }
    }

    [Fact]
    public async Task A_streamed_call_comes_as_a_delta_and_its_answer_is_understood_in_the_next_turn()
    {
        var events = await _node.Http.EventsAsync(Path, WithTools("required"));
        var delta = events.Select(e => e["choices"]![0]!["delta"]!["tool_calls"]?[0]).Single(c => c is not null)!;

        Assert.Equal("0", delta.Text("index"));
        Assert.Equal("lamp", delta.Text("function", "name"));
        Assert.Equal("tool_calls", events[^1].Text("choices", 0, "finish_reason"));
        Assert.True(int.Parse(events[^1].Text("offlm", "completionTokens")) > 0);

        var call = delta.DeepClone().AsObject();
        call.Remove("index");
        var body = Asking.Chat("Light!", b => b["tools"] = JsonNode.Parse(Tools));
        body["messages"]!.AsArray().Add(new JsonObject { ["role"] = "assistant", ["content"] = null, ["tool_calls"] = new JsonArray(call) });
        body["messages"]!.AsArray().Add(new JsonObject { ["role"] = "tool", ["tool_call_id"] = delta.Text("id"), ["content"] = "done" });
        await _node.Http.AskAsync(Path, body);
    }

    [Fact]
    public async Task Tools_with_a_model_that_has_none_are_refused()
    {
        var error = await _node.Http.RefusedAsync(
            Path, Asking.Chat("Light!", b => b["tools"] = JsonNode.Parse(Tools), ServingNode.Plain), System.Net.HttpStatusCode.BadRequest);

        Assert.Equal("The model plain does not support tools. Leave 'tools' out, or use a model that does.", error.Text("error", "message"));
    }

    private static JsonObject WithTools(JsonNode choice) => Asking.Chat("Light!", b =>
    {
        b["tools"] = JsonNode.Parse(Tools);
        b["tool_choice"] = choice.DeepClone();
        b["max_tokens"] = 100;
    });

    private static void AssertConforms(string text)
    {
        using var json = JsonDocument.Parse(text);
        Assert.Equal(["colour", "count"], json.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Contains(json.RootElement.GetProperty("colour").GetString(), (string[])["red", "green"]);
        Assert.InRange(json.RootElement.GetProperty("count").GetInt32(), 0, 99);
    }
}
