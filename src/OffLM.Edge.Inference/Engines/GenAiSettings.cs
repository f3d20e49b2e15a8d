using System.Text.Json;

namespace OffLM.Edge.Inference;

/// <summary>What we need to know of a model's <c>genai_config.json</c>.</summary>
/// <param name="ContextLength">Tokens that the model can attend to.</param>
/// <param name="VocabularySize">Logits a step gives.</param>
/// <param name="EndTokens">What ends a completion.</param>
/// <param name="CacheBytesPerToken">Keys and values of all layers, at four bytes an element (an upper bound for smaller types).</param>
internal sealed record GenAiSettings(int ContextLength, int VocabularySize, IReadOnlyCollection<int> EndTokens, long CacheBytesPerToken)
{
    internal const string FileName = "genai_config.json";

    /// <exception cref="ModelLoadException">The file is missing or lacks one of the values.</exception>
    internal static GenAiSettings Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var model = json.RootElement.GetProperty("model");
            var decoder = model.GetProperty("decoder");
            var end = model.GetProperty("eos_token_id");
            return new GenAiSettings(
                model.GetProperty("context_length").GetInt32(),
                model.GetProperty("vocab_size").GetInt32(),
                end.ValueKind == JsonValueKind.Array ? Integers(end) : [end.GetInt32()],
                2L * sizeof(float) * decoder.GetProperty("num_hidden_layers").GetInt32()
                    * decoder.GetProperty("num_key_value_heads").GetInt32() * decoder.GetProperty("head_size").GetInt32());
        }
        catch (Exception e) when (e is IOException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            // What the system says of a file names its path.
            throw new ModelLoadException(
                $"its {FileName} is not a usable GenAI configuration: {(e is IOException ? "it can't be read." : e.Message)}", $"{path}: {e.Message}", e);
        }
    }

    private static int[] Integers(JsonElement array)
    {
        var integers = new int[array.GetArrayLength()];
        for (var i = 0; i < integers.Length; i++)
        {
            integers[i] = array[i].GetInt32();
        }

        return integers;
    }
}
