using System.Net;
using System.Text.Json.Nodes;
using OffLM.Edge.Lan.Ollama;
using OffLM.Edge.Lan.Tests.Serving;

namespace OffLM.Edge.Lan.Tests.Ollama;

[Collection(SharedNodeTests.Name)]
public sealed class OllamaRefusalTests(SharedNode shared)
{
    private readonly ServingNode _node = shared.Node;

    [Theory]
    [InlineData("/api/generate", "\"think\":true", "'think' must be false")]
    [InlineData("/api/generate", "\"think\":\"high\"", "'think' must be false")]
    [InlineData("/api/generate", "\"images\":[\"aGk=\"]", "'images' has images; this node's models read text only.")]
    [InlineData("/api/generate", "\"suffix\":\"x\"", "'suffix' is not supported")]
    [InlineData("/api/generate", "\"template\":\"x\"", "'template' is not supported")]
    [InlineData("/api/generate", "\"context\":[1]", "'context' is not supported")]
    [InlineData("/api/generate", "\"format\":\"yaml\"", "'format' must be 'json' or a JSON schema")]
    [InlineData("/api/generate", "\"format\":7", "'format' must be 'json' or a JSON schema; it is a number.")]
    [InlineData("/api/generate", "\"keep_alive\":\"soon\"", "'keep_alive' must be a number of seconds, or a duration such as 5m or 1h30m")]
    [InlineData("/api/generate", "\"keep_alive\":true", "'keep_alive' must be a number of seconds")]
    [InlineData("/api/generate", "\"options\":7", "'options' must be an object; it is a number.")]
    [InlineData("/api/generate", "\"options\":{\"temperature\":9}", "'options.temperature' must be a number from 0 to 2; it is 9.")]
    [InlineData("/api/generate", "\"options\":{\"num_ctx\":0}", "'options.num_ctx' must be a whole number from 1")]
    [InlineData("/api/generate", "\"options\":{\"num_predict\":-3}", "'options.num_predict' must be a whole number from -2")]
    [InlineData("/api/generate", "\"options\":{\"repeat_penalty\":0}", "'options.repeat_penalty' must be")]
    [InlineData("/api/generate", "\"options\":{\"repeat_last_n\":-2}", "'options.repeat_last_n' must be")]
    [InlineData("/api/generate", "\"options\":{\"stop\":5}", "'options.stop' must be a string or an array of strings; it is a number.")]
    [InlineData("/api/generate", "\"stream\":1", "'stream' must be true or false")]
    [InlineData("/api/chat", "\"messages\":7", "'messages' must be an array; it is a number.")]
    [InlineData("/api/chat", "\"messages\":[{\"role\":\"user\",\"images\":[\"x\"]}]", "'messages[0].images' has images")]
    [InlineData("/api/chat", "\"messages\":[{\"role\":\"x\"}]", "'messages[0].role' must be one of system, user, assistant, tool")]
    [InlineData("/api/chat", "\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{}]}]", "'messages[0].tool_calls[0].function' is missing")]
    public async Task A_wrong_field_is_named(string path, string field, string message)
    {
        var error = await _node.Http.RefusedAsync(path, $$"""{"model":"tiny","prompt":"secret",{{field}}}""", HttpStatusCode.BadRequest);

        Assert.Contains(message, error.Text("error"));
        Assert.DoesNotContain("secret", error.ToJsonString());
    }

    [Theory]
    [InlineData("GET", "/nope", HttpStatusCode.NotFound, "nothing at this path")]
    [InlineData("POST", "/api/nope", HttpStatusCode.NotFound, "nothing at this path")]
    [InlineData("GET", "/api/chat", HttpStatusCode.MethodNotAllowed, "This path takes POST, not GET.")]
    [InlineData("PUT", "/node/v1/status", HttpStatusCode.MethodNotAllowed, "This path takes GET, not PUT.")]
    public async Task A_path_or_method_that_is_not_there_is_told(string method, string path, HttpStatusCode status, string message)
    {
        using var response = await _node.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));

        Assert.Equal(status, response.StatusCode);
        Assert.Contains(message, JsonNode.Parse(await response.Content.ReadAsStringAsync())!.Text("error"));
    }

    [Theory]
    [InlineData("/api/generate", """{"model":"nobody","prompt":"x"}""", HttpStatusCode.NotFound, "nobody")]
    [InlineData("/api/generate", """{"model":"nobody"}""", HttpStatusCode.NotFound, "nobody")]
    [InlineData("/api/chat", """{"model":"nobody","keep_alive":0}""", HttpStatusCode.NotFound, "nobody")]
    [InlineData("/api/show", """{"model":"nobody"}""", HttpStatusCode.NotFound, "nobody")]
    [InlineData("/api/chat", """{"messages":[]}""", HttpStatusCode.BadRequest, "'model' is missing")]
    [InlineData("/api/chat", "", HttpStatusCode.BadRequest, "no body")]
    [InlineData("/api/create", "{}", HttpStatusCode.NotImplemented, "pulled")]
    [InlineData("/api/pull", """{"model":"owner/name"}""", HttpStatusCode.BadRequest, "inference.source")]
    [InlineData("/api/chat", """{"model":"plain","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f"}}]}""", HttpStatusCode.BadRequest, "does not support tools")]
    public async Task Refusals_have_Ollamas_shape_and_the_right_status(string path, string body, HttpStatusCode status, string message)
    {
        var error = await _node.Http.RefusedAsync(path, body, status);

        Assert.Contains(message, error.Text("error"));
    }

    [Theory]
    [InlineData("5m", 300.0)]
    [InlineData("1h30m", 5400.0)]
    [InlineData("1.5h", 5400.0)]
    [InlineData("300ms", 0.3)]
    [InlineData("2m0.5s", 120.5)]
    [InlineData("-1", -1.0)]
    [InlineData("-1m", -60.0)]
    [InlineData("0", 0.0)]
    [InlineData("90", 90.0)]
    [InlineData("", null)]
    [InlineData("m", null)]
    [InlineData("5x", null)]
    [InlineData("5m3", null)]
    [InlineData("1..5s", null)]
    [InlineData("-", null)]
    public void Durations_are_read_as_Go_writes_them(string text, double? seconds) => Assert.Equal(seconds, KeepAlive.Parse(text));
}
