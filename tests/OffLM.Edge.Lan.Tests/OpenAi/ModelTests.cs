using System.Net;
using System.Text.Json.Nodes;
using OffLM.Edge.Lan.Tests.Serving;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Lan.Tests.OpenAi;

[Collection(SharedNodeTests.Name)]
public sealed class ModelTests(SharedNode shared)
{
    private readonly ServingNode _node = shared.Node;

    [Fact]
    public async Task Models_are_listed_and_shown()
    {
        var list = JsonNode.Parse(await _node.Http.GetStringAsync("/v1/models"))!;
        var one = JsonNode.Parse(await _node.Http.GetStringAsync("/v1/models/tiny:latest"))!;

        Assert.Equal("list", list.Text("object"));
        Assert.Equal(["plain", "tiny", ServingNode.Encoder], list["data"]!.AsArray().Select(m => m!.Text("id")));
        Assert.Equal("tiny", one.Text("id"));
        Assert.Equal("model", one.Text("object"));
    }

    [Theory]
    [InlineData("/v1/models/owner/name:tag")]
    [InlineData("/v1/models/owner%2Fname")]
    public async Task A_model_that_is_not_there_is_404_also_with_a_slash_in_its_name(string path)
    {
        using var response = await _node.Http.GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Contains("\"owner/name", error.Text("error", "message"));
    }

    [Fact]
    public async Task A_key_with_a_model_list_sees_and_may_use_only_those()
    {
        using var http = _node.WithKey(new ApiKey
        {
            Id = "",
            Name = Guid.NewGuid().ToString("N"),
            Scope = Scope.Use,
            CreatedAt = default,
            Models = ["plain"],
        });

        var list = JsonNode.Parse(await http.GetStringAsync("/v1/models"))!;
        var tags = JsonNode.Parse(await http.GetStringAsync("/api/tags"))!;
        Assert.Equal(["plain"], list["data"]!.AsArray().Select(m => m!.Text("id")));
        Assert.Equal(["plain:latest"], tags["models"]!.AsArray().Select(m => m!.Text("name")));
        var error = await http.RefusedAsync("/v1/chat/completions", Asking.Chat("Hi"), HttpStatusCode.Forbidden);
        Assert.Equal("model_not_allowed", error.Text("error", "code"));
        await http.RefusedAsync("/api/show", """{"model":"tiny"}""", HttpStatusCode.Forbidden);
        await http.AskAsync("/v1/chat/completions", Asking.Chat("Hi", model: "plain"));
    }

    [Fact]
    public async Task A_key_over_its_rate_is_429_with_a_time_to_wait()
    {
        using var http = _node.WithKey(new ApiKey
        {
            Id = "",
            Name = Guid.NewGuid().ToString("N"),
            Scope = Scope.Use,
            CreatedAt = default,
            RequestsPerMinute = 1,
        });

        await http.AskAsync("/v1/chat/completions", Asking.Chat("Hi"));
        using var openAi = await http.PostTextAsync("/v1/chat/completions", Asking.Chat("Hi").ToJsonString());
        using var ollama = await http.PostTextAsync("/api/generate", """{"model":"tiny","prompt":"Hi"}""");

        Assert.Equal(HttpStatusCode.TooManyRequests, openAi.StatusCode);
        Assert.InRange(openAi.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal(HttpStatusCode.TooManyRequests, ollama.StatusCode);
        Assert.Contains("requests per minute", await ollama.Content.ReadAsStringAsync());
    }
}
