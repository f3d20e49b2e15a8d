using System.Text.Json;

namespace OffLM.Edge.Inference;

/// <summary>JSON on its way to a library of C strings.</summary>
internal static class JsonText
{
    private const string EscapedNul = @"\u0000";

    /// <summary>Checks the shape without repeating anything of the text, which is a conversation.</summary>
    /// <exception cref="InferenceException">It is something else.</exception>
    internal static void RequireArrayOfObjects(string json, string what)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind == JsonValueKind.Array
                && document.RootElement.EnumerateArray().All(e => e.ValueKind == JsonValueKind.Object))
            {
                return;
            }
        }
        catch (JsonException)
        {
            // The parser's message would quote the text.
        }

        throw new InferenceException($"The {what} are not a JSON array of objects.");
    }

    /// <summary>Replaces escaped U+0000 by U+FFFD: the library would end the prompt there.</summary>
    internal static string WithoutNul(string json)
    {
        if (!json.Contains(EscapedNul, StringComparison.Ordinal))
        {
            return json;
        }

        var characters = json.ToCharArray();
        for (var i = 0; i < characters.Length - 1; i++)
        {
            if (characters[i] != '\\')
            {
                continue;
            }

            if (json.AsSpan(i).StartsWith(EscapedNul))
            {
                "fffd".CopyTo(characters.AsSpan(i + 2));
            }

            i++; // whatever was escaped is not a beginning
        }

        return new string(characters);
    }
}
