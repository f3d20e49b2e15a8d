using System.Buffers;
using System.Text;
using System.Text.Json;

namespace OffLM.Edge.Lan.Serving;

/// <summary>A function that the model wants called.</summary>
/// <param name="Name">The function.</param>
/// <param name="Arguments">A JSON object on one line.</param>
internal sealed record ToolCall(string Name, string Arguments)
{
    /// <summary>Reads a call as models write it: an object with <c>name</c> and <c>arguments</c>.</summary>
    /// <returns>Null if it is none.</returns>
    public static ToolCall? TryParse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = RequestBody.MaxDepth });
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("name", out var name)
                || name.ValueKind != JsonValueKind.String
                || name.GetString() is not { Length: > 0 } function)
            {
                return null;
            }

            // Some model families say "parameters".
            var given = document.RootElement.TryGetProperty("arguments", out var arguments)
                || document.RootElement.TryGetProperty("parameters", out arguments);
            return !given ? new ToolCall(function, "{}")
                : TryArguments(arguments) is { } text ? new ToolCall(function, text)
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: half a surrogate pair is escaped in the name.
            return null;
        }
    }

    /// <summary>Arguments given as an object, as a string that holds one, or as nothing.</summary>
    /// <returns>The object's JSON; null if they are anything else.</returns>
    public static string? TryArguments(JsonElement arguments)
    {
        switch (arguments.ValueKind)
        {
            case JsonValueKind.Object:
                return TryCompact(arguments);
            case JsonValueKind.Null:
                return "{}";
            case JsonValueKind.String:
                try
                {
                    var text = arguments.GetString()!;
                    using var inner = JsonDocument.Parse(text.Length == 0 ? "{}" : text, new JsonDocumentOptions { MaxDepth = RequestBody.MaxDepth });
                    return inner.RootElement.ValueKind == JsonValueKind.Object ? TryCompact(inner.RootElement) : null;
                }
                catch (Exception e) when (e is JsonException or InvalidOperationException)
                {
                    return null;
                }

            default:
                return null;
        }
    }

    /// <summary>Without line breaks, which would end a line of a stream in the middle; null if half a surrogate pair is escaped in it.</summary>
    private static string? TryCompact(JsonElement value)
    {
        try
        {
            var buffer = new ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(buffer, JsonResponse.WriterOptions))
            {
                value.WriteTo(json);
            }

            return Encoding.UTF8.GetString(buffer.WrittenSpan);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }
}
