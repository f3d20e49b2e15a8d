using System.Buffers;
using System.Text;
using System.Text.Json;

namespace OffLM.Edge.Inference;

/// <summary>Prepares JSON schemas for the grammar engine (llguidance).</summary>
internal static class GuidanceSchema
{
    private const string Extension = "x-guidance";

    /// <summary>Items that all arrays of a schema may name together. The library takes time and memory for each: a second and 140 MB for 100,000.</summary>
    private const double MostItems = 20_000;

    /// <summary>The schema with white space limited to one space after a comma or colon. Without that, JSON's grammar
    /// allows white space for ever, and a model that falls into it fills the context with it.</summary>
    /// <exception cref="InvalidGuidanceException">It is not a JSON object.</exception>
    internal static string Prepare(Guidance guidance)
    {
        var definition = guidance.Kind == GuidanceKind.JsonObject || string.IsNullOrWhiteSpace(guidance.Definition)
            ? """{"type":"object"}"""
            : guidance.Definition;
        try
        {
            using var schema = JsonDocument.Parse(definition);
            if (schema.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidGuidanceException(
                    $"The schema is a JSON {schema.RootElement.ValueKind.ToString().ToLowerInvariant()}; a JSON object was expected.");
            }

            if (Items(schema.RootElement) > MostItems)
            {
                throw new InvalidGuidanceException(
                    $"The schema can't be enforced: minItems and maxItems of its arrays are more than {MostItems} together. Name fewer, or leave them out.");
            }

            return WithLimitedWhiteSpace(schema.RootElement);
        }
        catch (JsonException e)
        {
            throw new InvalidGuidanceException($"The schema is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.", e);
        }
    }

    /// <summary>What to tell about a schema that the library refuses: its message without what it quotes of the schema, which is the caller's text.</summary>
    internal static string Refusal(string message)
    {
        var what = message.Split(' ', 2)[0] switch
        {
            "Pointer" or "Resource" => "a $ref leads to nothing in the schema",
            "Expected" => "a keyword has a value of the wrong kind",
            "Unimplemented" => message, // followed by keywords of JSON schema, never by others
            _ when message.IndexOfAny([':', '\'', '"', '(', '\n']) is var end and >= 0 => message[..end].TrimEnd(),
            _ => message,
        };
        return $"The schema can't be enforced: {what}. Correct it, or leave out what this node can't enforce.";
    }

    private static double Items(JsonElement schema)
    {
        var items = 0.0;
        if (schema.ValueKind == JsonValueKind.Array)
        {
            foreach (var element in schema.EnumerateArray())
            {
                items += Items(element);
            }
        }
        else if (schema.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in schema.EnumerateObject())
            {
                items += property.Name is "minItems" or "maxItems" && property.Value.ValueKind == JsonValueKind.Number
                    ? Math.Max(0, property.Value.GetDouble())
                    : Items(property.Value);
            }
        }

        return items;
    }

    private static string WithLimitedWhiteSpace(JsonElement schema)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WritePropertyName(Extension);
            writer.WriteRawValue("""{"whitespace_flexible":false}""");
            foreach (var property in schema.EnumerateObject())
            {
                if (property.Name != Extension)
                {
                    property.WriteTo(writer);
                }
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
