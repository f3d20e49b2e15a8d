using System.Text.Json;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Serving;

/// <summary>Reads the texts of a request for embeddings: a string, an array of strings, or, where an API has that, token ids in either shape.</summary>
internal static class EmbeddingFields
{
    public const string Input = "input";

    /// <summary>OpenAI's limit, and more than one request should hold the others up for.</summary>
    private const int MaxTexts = 2048;

    /// <exception cref="ApiException">They are something else, or too many.</exception>
    public static IReadOnlyList<EmbeddingInput> Read(Fields fields)
    {
        if (!fields.TryGet(Input, out var value))
        {
            throw ApiException.BadRequest($"'{Input}' is missing; a string or an array of strings was expected.", Input);
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            return [new EmbeddingInput(PromptText.Read(value, Input), null)];
        }

        var items = Fields.ItemsOf(value, Input);
        if (items.Count is 0 or > MaxTexts)
        {
            throw Fields.Wrong(Input, $"from 1 to {MaxTexts} texts", $"{items.Count}");
        }

        if (items[0].Value.ValueKind == JsonValueKind.Number)
        {
            return [new EmbeddingInput(null, Tokens(value, Input))];
        }

        var inputs = new EmbeddingInput[items.Count];
        for (var i = 0; i < inputs.Length; i++)
        {
            var (item, path) = items[i];
            inputs[i] = item.ValueKind == JsonValueKind.Array ? new EmbeddingInput(null, Tokens(item, path)) : new EmbeddingInput(PromptText.Read(item, path), null);
        }

        return inputs;
    }

    /// <exception cref="ApiException">A text has no character, or no token.</exception>
    public static void RefuseEmpty(IReadOnlyList<EmbeddingInput> inputs)
    {
        foreach (var input in inputs)
        {
            if (input is { Text.Length: 0 } or { Tokens.Length: 0 })
            {
                throw Fields.Wrong(Input, "texts with at least one character", "empty in one place");
            }
        }
    }

    private static int[] Tokens(JsonElement value, string path)
    {
        var tokens = new int[value.GetArrayLength()];
        for (var i = 0; i < tokens.Length; i++)
        {
            tokens[i] = (int)Fields.IntegerOf(value[i], $"{path}[{i}]", 0, int.MaxValue);
        }

        return tokens;
    }
}
