using System.Net;
using System.Text;
using System.Text.Json;

namespace OffLM.Edge.Tests.Harness;

/// <summary>What the node answered.</summary>
internal sealed record Answer(HttpStatusCode Status, string Text, string? Receipt, TimeSpan? RetryAfter)
{
    public JsonElement Json
    {
        get
        {
            using var document = JsonDocument.Parse(Text);
            return document.RootElement.Clone();
        }
    }

    /// <summary>The message of an error in OpenAI's shape.</summary>
    public string Error => Json.GetProperty("error").GetProperty("message").GetString()!;

    /// <summary>The code of an error in OpenAI's shape.</summary>
    public string? Code => Json.GetProperty("error").GetProperty("code").GetString();

    /// <summary>This answer, if it has this status.</summary>
    public Answer Is(HttpStatusCode status)
    {
        Assert.True(Status == status, $"{(int)status} was expected, {(int)Status} came: {Text}");
        return this;
    }
}

/// <summary>Requests as these tests make them.</summary>
internal static class Api
{
    public const string ChatPath = "/v1/chat/completions";

    /// <summary>A question to the model that the program ships with; without chance, so that a long answer doesn't happen to stop early.</summary>
    public static string Chat(string text = "Hello there", int maxTokens = 8, bool stream = false) => JsonSerializer.Serialize(new
    {
        model = "starter",
        stream,
        temperature = 0,
        max_tokens = maxTokens,
        messages = new[] { new { role = "user", content = text } },
    });

    public static Task<Answer> PostAsync(this HttpClient http, string path, string body, params (string Name, string Value)[] headers) =>
        http.PostAsync(path, Encoding.UTF8.GetBytes(body), headers);

    public static async Task<Answer> PostAsync(this HttpClient http, string path, byte[] body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await http.SendAsync(request);
        return new(
            response.StatusCode,
            await response.Content.ReadAsStringAsync(),
            response.Headers.TryGetValues("Offlm-Receipt", out var names) ? names.Single() : null,
            response.Headers.RetryAfter?.Delta);
    }

    /// <summary>Asks a short question and expects an answer.</summary>
    public static async Task<Answer> AskAsync(this HttpClient http) => (await http.PostAsync(ChatPath, Chat())).Is(HttpStatusCode.OK);

    public static async Task<JsonElement> StatusAsync(this PublishedNode node)
    {
        using var document = JsonDocument.Parse(await node.Http.GetStringAsync("/node/v1/status"));
        return document.RootElement.Clone();
    }

    /// <summary>What the status says is wrong, as one text.</summary>
    public static async Task<string> ProblemsAsync(this PublishedNode node) => string.Join('\n', (await node.StatusAsync()).GetProperty("problems").EnumerateArray());
}
