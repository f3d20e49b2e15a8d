using System.Text.Json;

namespace OffLM.Edge.Inference;

/// <summary>Reads members that must be there. What is missing is named: .NET says only that something is.</summary>
internal static class JsonMember
{
    /// <exception cref="JsonException">It is not there.</exception>
    internal static JsonElement Of(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) ? value : throw new JsonException($"\"{name}\" is missing");

    /// <exception cref="JsonException">It is not there, or no whole number that fits.</exception>
    internal static int Integer(JsonElement parent, string name) =>
        Of(parent, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number)
            ? number
            : throw new JsonException($"\"{name}\" is not a whole number");

    /// <exception cref="JsonException">It is not there, or no text.</exception>
    internal static string Text(JsonElement parent, string name) =>
        Of(parent, name) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw new JsonException($"\"{name}\" is not a text");
}
