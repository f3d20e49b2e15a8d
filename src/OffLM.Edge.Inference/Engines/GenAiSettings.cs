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

    /// <summary>Settings that name libraries for GenAI to load: a model is data, and whoever made it is not to run code here.</summary>
    private static readonly string[] s_libraries = ["custom_ops_library", "trt_extra_plugin_lib_paths"];

    /// <summary>More than any model has, and so few that no product of them is too large to be counted, nor their names for the memory.</summary>
    private const int MostTokens = 1 << 30, MostLayers = 10_000, MostOfLayer = 1 << 16;

    /// <exception cref="ModelLoadException">The file is missing or lacks one of the values, or wants other code to be loaded.</exception>
    internal static GenAiSettings Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            if (NamesLibrary(json.RootElement))
            {
                throw new ModelLoadException($"its {FileName} wants a library of machine code to be loaded ({string.Join(" or ", s_libraries)}), which is not done here.", path);
            }

            var model = JsonMember.Of(json.RootElement, "model");
            var decoder = JsonMember.Of(model, "decoder");
            var end = JsonMember.Of(model, "eos_token_id");
            return new GenAiSettings(
                Count(model, "context_length", MostTokens),
                Count(model, "vocab_size", MostTokens),
                end.ValueKind == JsonValueKind.Array ? Integers(end) : [end.GetInt32()],
                2L * sizeof(float) * Count(decoder, "num_hidden_layers", MostLayers)
                    * Count(decoder, "num_key_value_heads", MostOfLayer) * Count(decoder, "head_size", MostOfLayer));
        }
        catch (Exception e) when (e is IOException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            // What the system says of a file names its path.
            throw new ModelLoadException(
                $"its {FileName} is not a usable GenAI configuration: {(e is IOException ? "it can't be read" : e.Message.TrimEnd('.'))}.", $"{path}: {e.Message}", e);
        }
    }

    private static int Count(JsonElement parent, string name, int most) => JsonMember.Integer(parent, name) is var count && count >= 0 && count <= most
        ? count
        : throw new JsonException($"{name} is {count}, which is not between 0 and {most}.");

    private static bool NamesLibrary(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().Any(p => s_libraries.Contains(p.Name) || NamesLibrary(p.Value)),
        JsonValueKind.Array => element.EnumerateArray().Any(NamesLibrary),
        _ => false,
    };

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
