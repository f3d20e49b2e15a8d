using System.Text.Json;
using System.Text.RegularExpressions;

namespace OffLM.Edge.Lan.Tests.NodeApi;

/// <summary>As much of JSON Schema as the node API's description uses.</summary>
internal static class SchemaWalker
{
    private static readonly HashSet<string> Known =
        ["$ref", "oneOf", "type", "enum", "pattern", "format", "items", "properties", "required", "additionalProperties", "description", "minimum", "maximum", "default"];

    /// <summary>Where a value differs from its schema; null if it conforms.</summary>
    public static string? Problem(JsonElement document, JsonElement schema, JsonElement value, string at = "$")
    {
        foreach (var keyword in schema.EnumerateObject().Where(k => !Known.Contains(k.Name)))
        {
            return $"{at}: this walker does not know '{keyword.Name}'";
        }

        if (schema.TryGetProperty("$ref", out var reference))
        {
            var target = reference.GetString()!.TrimStart('#', '/').Split('/').Aggregate(document, (node, name) => node.GetProperty(name));
            return Problem(document, target, value, at);
        }

        if (schema.TryGetProperty("oneOf", out var choices))
        {
            var problems = choices.EnumerateArray().Select(choice => Problem(document, choice, value, at)).ToList();
            return problems.Count(p => p is null) == 1 ? null : $"{at}: fits {problems.Count(p => p is null)} of {problems.Count}: {string.Join("; ", problems)}";
        }

        return schema.GetProperty("type").GetString() switch
        {
            "null" => value.ValueKind == JsonValueKind.Null ? null : $"{at}: not null",
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False ? null : $"{at}: no boolean",
            "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _) ? null : $"{at}: no integer",
            "number" => value.ValueKind == JsonValueKind.Number ? null : $"{at}: no number",
            "string" => OfString(schema, value, at),
            "array" => value.ValueKind != JsonValueKind.Array
                ? $"{at}: no array"
                : value.EnumerateArray().Select((item, i) => Problem(document, schema.GetProperty("items"), item, $"{at}[{i}]")).FirstOrDefault(p => p is not null),
            "object" => OfObject(document, schema, value, at),
            var other => $"{at}: unknown type {other}",
        };
    }

    private static string? OfString(JsonElement schema, JsonElement value, string at)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            return $"{at}: no string";
        }

        var text = value.GetString()!;
        return schema.TryGetProperty("enum", out var allowed) && allowed.EnumerateArray().All(a => a.GetString() != text) ? $"{at}: '{text}' is not listed"
            : schema.TryGetProperty("pattern", out var pattern) && !Regex.IsMatch(text, pattern.GetString()!) ? $"{at}: '{text}' does not match {pattern}"
            : schema.TryGetProperty("format", out var format) && format.GetString() == "date-time" && !value.TryGetDateTimeOffset(out _) ? $"{at}: '{text}' is no time"
            : null;
    }

    private static string? OfObject(JsonElement document, JsonElement schema, JsonElement value, string at)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return $"{at}: no object";
        }

        var properties = schema.GetProperty("properties");
        foreach (var member in value.EnumerateObject())
        {
            if (!properties.TryGetProperty(member.Name, out var expected))
            {
                return $"{at}.{member.Name}: not described";
            }

            if (Problem(document, expected, member.Value, $"{at}.{member.Name}") is { } problem)
            {
                return problem;
            }
        }

        return schema.TryGetProperty("required", out var required)
            ? required.EnumerateArray().Where(name => !value.TryGetProperty(name.GetString()!, out _)).Select(name => $"{at}.{name}: missing").FirstOrDefault()
            : null;
    }
}
