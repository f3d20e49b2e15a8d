using System.Net;
using System.Text.Json.Nodes;
using OffLM.Edge.Lan.Tests.Serving;

namespace OffLM.Edge.Lan.Tests.OpenAi;

[Collection(SharedNodeTests.Name)]
public sealed class CompletionTests(SharedNode shared)
{
    private const string Path = "/v1/completions";

    private readonly ServingNode _node = shared.Node;

    [Fact]
    public async Task A_completion_continues_the_prompt_whole_and_streamed_alike()
    {
        var whole = await _node.Http.AskAsync(Path, Prompt("Once upon"));
        var events = await _node.Http.EventsAsync(Path, Prompt("Once upon"));

        Assert.StartsWith("cmpl-", whole.Text("id"));
        Assert.Equal("text_completion", whole.Text("object"));
        Assert.Equal(whole.Text("choices", 0, "text"), string.Concat(events.Select(e => e.Text("choices", 0, "text"))));
        Assert.Equal(whole.Text("usage", "completion_tokens"), events[^1].Text("offlm", "completionTokens"));
        Assert.Equal(whole.Text("choices", 0, "finish_reason"), events[^1].Text("choices", 0, "finish_reason"));
    }

    [Fact]
    public async Task Without_a_limit_16_tokens_come_as_OpenAI_documents()
    {
        var answer = await _node.Http.AskAsync(Path, Prompt("Once", b => b["logit_bias"] = new JsonObject { ["1017"] = -100, ["1019"] = -100 }));

        Assert.Equal("16", answer.Text("usage", "completion_tokens"));
        Assert.Equal("length", answer.Text("choices", 0, "finish_reason"));
    }

    [Fact]
    public async Task One_prompt_in_an_array_is_that_prompt()
    {
        var one = await _node.Http.AskAsync(Path, Prompt("Once upon"));
        var inArray = await _node.Http.AskAsync(Path, Prompt(new JsonArray("Once upon")));

        Assert.Equal(one.Text("choices", 0, "text"), inArray.Text("choices", 0, "text"));
    }

    [Fact]
    public async Task Logprobs_have_the_shape_of_completions()
    {
        var answer = await _node.Http.AskAsync(Path, Prompt("Once", b => b["logprobs"] = 2));

        var logprobs = answer["choices"]![0]!["logprobs"]!;
        var tokens = logprobs["tokens"]!.AsArray().Select(t => t!.GetValue<string>()).ToList();
        Assert.Equal(answer.Text("usage", "completion_tokens"), tokens.Count.ToString());
        Assert.Equal(tokens.Count, logprobs["token_logprobs"]!.AsArray().Count);
        Assert.All(logprobs["top_logprobs"]!.AsArray(), top => Assert.InRange(top!.AsObject().Count, 1, 2));
        Assert.Equal("0", logprobs.Text("text_offset", 0));
        Assert.Equal(tokens[0].Length.ToString(), logprobs.Text("text_offset", 1));
    }

    [Theory]
    [InlineData("""{"model":"tiny"}""", "'prompt' is missing")]
    [InlineData("""{"model":"tiny","prompt":""}""", "The prompt is empty")]
    [InlineData("""{"model":"tiny","prompt":[1,2,3]}""", "token ids")]
    [InlineData("""{"model":"tiny","prompt":[[1]]}""", "token ids")]
    [InlineData("""{"model":"tiny","prompt":["a","b"]}""", "an array of one string; it is an array of 2")]
    [InlineData("""{"model":"tiny","prompt":7}""", "'prompt' must be a string; it is a number.")]
    [InlineData("""{"model":"tiny","prompt":"a\u0000b"}""", "U+0000")]
    [InlineData("""{"model":"tiny","prompt":"a","echo":true}""", "'echo' is not supported")]
    [InlineData("""{"model":"tiny","prompt":"a","suffix":"b"}""", "'suffix' is not supported")]
    [InlineData("""{"model":"tiny","prompt":"a","best_of":3}""", "'best_of' must be 1")]
    [InlineData("""{"model":"tiny","prompt":"a","logprobs":true}""", "'logprobs' must be a whole number from 0 to 20; it is true or false.")]
    public async Task What_can_not_be_honoured_is_refused(string body, string message)
    {
        var error = await _node.Http.RefusedAsync(Path, body, HttpStatusCode.BadRequest);

        Assert.Contains(message, error.Text("error", "message"));
    }

    private static JsonObject Prompt(JsonNode prompt, Action<JsonObject>? more = null)
    {
        var body = new JsonObject { ["model"] = "tiny", ["prompt"] = prompt, ["seed"] = 9 };
        more?.Invoke(body);
        return body;
    }
}
