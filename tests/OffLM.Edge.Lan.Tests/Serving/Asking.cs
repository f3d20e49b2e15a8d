using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OffLM.Edge.Lan.Tests.Serving;

/// <summary>What clients do, in a line each.</summary>
internal static class Asking
{
    public static async Task<HttpResponseMessage> PostTextAsync(this HttpClient http, string path, string body) =>
        await http.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));

    /// <summary>Asks and expects an answer.</summary>
    public static async Task<JsonNode> AskAsync(this HttpClient http, string path, JsonNode body)
    {
        using var response = await http.PostTextAsync(path, body.ToJsonString());
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path} answered {response.StatusCode}: {text}");
        return JsonNode.Parse(text)!;
    }

    /// <summary>Asks and expects a refusal.</summary>
    public static async Task<JsonNode> RefusedAsync(this HttpClient http, string path, string body, HttpStatusCode expected)
    {
        using var response = await http.PostTextAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{path} answered {response.StatusCode}: {text}");
        return JsonNode.Parse(text)!;
    }

    public static Task<JsonNode> RefusedAsync(this HttpClient http, string path, JsonNode body, HttpStatusCode expected) =>
        http.RefusedAsync(path, body.ToJsonString(), expected);

    /// <summary>Asks for server-sent events; gives the objects before the closing event, which must be there.</summary>
    public static async Task<List<JsonNode>> EventsAsync(this HttpClient http, string path, JsonObject body)
    {
        body["stream"] = true;
        using var response = await http.PostTextAsync(path, body.ToJsonString());
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path} answered {response.StatusCode}: {text}");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var events = text.Split("\n\n");
        Assert.Equal(["data: [DONE]", ""], events[^2..]);
        return [.. events[..^2].Select(e =>
        {
            Assert.StartsWith("data: {", e);
            return JsonNode.Parse(e["data: ".Length..])!;
        })];
    }

    /// <summary>Asks for lines of JSON.</summary>
    public static async Task<List<JsonNode>> LinesAsync(this HttpClient http, string path, JsonObject body)
    {
        using var response = await http.PostTextAsync(path, body.ToJsonString());
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path} answered {response.StatusCode}: {text}");
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        Assert.EndsWith("\n", text);
        return [.. text.TrimEnd('\n').Split('\n').Select(line => JsonNode.Parse(line)!)];
    }

    public static JsonObject Chat(string text, Action<JsonObject>? more = null, string model = "tiny")
    {
        var body = new JsonObject
        {
            ["model"] = model,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }),
            ["max_tokens"] = 12,
        };
        more?.Invoke(body);
        return body;
    }

    public static string Text(this JsonNode node, params object[] path)
    {
        var at = node;
        foreach (var step in path)
        {
            at = step is int index ? at![index] : at![(string)step];
        }

        return at is null ? "null" : at.GetValueKind() == JsonValueKind.String ? at.GetValue<string>() : at.ToJsonString();
    }
}
