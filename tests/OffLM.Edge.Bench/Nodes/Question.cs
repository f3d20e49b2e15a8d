using System.Text.Json;

namespace OffLM.Edge.Bench.Nodes;

/// <summary>How tokens are chosen, as clients ask for it.</summary>
internal enum Choice
{
    /// <summary>Temperature 0.</summary>
    Greedy,

    /// <summary>OpenAI's default: temperature 1 over the whole vocabulary.</summary>
    OpenAiDefault,

    /// <summary>Ollama's default: temperature 0.8, top-k 40, top-p 0.9.</summary>
    OllamaDefault,
}

/// <summary>A prompt to be continued as it is, streaming.</summary>
/// <param name="Prompt">The text.</param>
/// <param name="MaxTokens">At most so many new tokens.</param>
/// <param name="Choice">How they are chosen.</param>
internal sealed record Question(string Prompt, int MaxTokens, Choice Choice = Choice.Greedy)
{
    /// <summary>The model's name.</summary>
    public string Model { get; init; } = Workspace.ModelName;

    public string Path => Choice == Choice.OllamaDefault ? "/api/generate" : "/v1/completions";

    public byte[] Body()
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("model", Model);
            json.WriteString("prompt", Prompt);
            json.WriteBoolean("stream", true);
            if (Choice == Choice.OllamaDefault)
            {
                json.WriteBoolean("raw", true);
                json.WriteStartObject("options");
                json.WriteNumber("num_predict", MaxTokens);
                json.WriteEndObject();
            }
            else
            {
                json.WriteNumber("max_tokens", MaxTokens);
                json.WriteNumber("temperature", Choice == Choice.Greedy ? 0 : 1);
                json.WriteStartObject("stream_options");
                json.WriteBoolean("include_usage", true);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return body.ToArray();
    }

    /// <summary>The text of one chunk of either API.</summary>
    public static string? TextOf(JsonElement chunk) =>
        chunk.TryGetProperty("response", out var response) ? response.GetString()
        : chunk.TryGetProperty("choices", out var choices) && choices.GetArrayLength() > 0 ? choices[0].GetProperty("text").GetString()
        : null;

    /// <summary>How many tokens the answer had, in the chunk that says it.</summary>
    public static int? TokensOf(JsonElement chunk) =>
        chunk.TryGetProperty("eval_count", out var count) ? count.GetInt32()
        : chunk.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object ? usage.GetProperty("completion_tokens").GetInt32()
        : null;
}
