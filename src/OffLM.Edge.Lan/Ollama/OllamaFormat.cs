using System.Text.Json;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Serving;

namespace OffLM.Edge.Lan.Ollama;

/// <summary>Reads <c>format</c>: the word <c>json</c>, or a JSON schema.</summary>
internal static class OllamaFormat
{
    private const string Name = "format";

    /// <returns>What the answer must conform to; null for free text.</returns>
    public static Guidance? Read(Fields request)
    {
        if (!request.TryGet(Name, out var format))
        {
            return null;
        }

        return format.ValueKind switch
        {
            JsonValueKind.Object => new Guidance(GuidanceKind.JsonSchema, format.GetRawText()),
            JsonValueKind.String when Fields.TextOf(format, Name) is var word => word switch
            {
                "" => null,
                "json" => new Guidance(GuidanceKind.JsonObject, ""),
                _ => throw Fields.Wrong(Name, "'json' or a JSON schema", "another word"),
            },
            _ => throw Fields.Wrong(Name, "'json' or a JSON schema", Fields.Describe(format)),
        };
    }
}
