using System.Buffers;
using System.Text;
using System.Text.Json;

namespace OffLM.Edge.Inference;

/// <summary>
/// The tokens that structure a prompt, such as <c>&lt;|im_start|&gt;</c>, and how they are kept from coming out of somebody's text: the library's
/// tokenizer recognises them wherever they are written and has no option for not doing so.
/// </summary>
internal sealed class SpecialTokens
{
    private const string FileName = "tokenizer.json";

    /// <summary>Put after the first character of a special token's text: invisible to people, and no token's text has it.</summary>
    private const char Break = '\u200B';

    private readonly SearchValues<string> _texts;

    /// <param name="texts">How they are written.</param>
    internal SpecialTokens(IEnumerable<string> texts) =>
        _texts = SearchValues.Create([.. texts.Where(t => t.Length > FirstCharacter(t))], StringComparison.Ordinal);

    /// <summary>Those that a model's <c>tokenizer.json</c> calls special; none if it has no such file. Tokens that are merely one piece of text, such
    /// as the marks around tool calls in many models, are left alone: people and programs write about them.</summary>
    /// <exception cref="ModelLoadException">The file can't be read.</exception>
    internal static SpecialTokens Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            return new SpecialTokens(File.Exists(path) ? ReadTexts(File.ReadAllBytes(path)) : []);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ModelLoadException($"its {FileName} can't be read.", $"{path}: {e.Message}", e);
        }
    }

    /// <summary>JSON with every special token in its texts broken, so that it is read as text; the same JSON if there is none.</summary>
    internal string Defuse(string json)
    {
        using var document = JsonDocument.Parse(json);
        if (!IsIn(document.RootElement))
        {
            return json;
        }

        var buffer = new ArrayBufferWriter<byte>(json.Length);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, document.RootElement);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static List<string> ReadTexts(ReadOnlySpan<byte> file)
    {
        var reader = new Utf8JsonReader(file);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!reader.ValueTextEquals("added_tokens"u8))
            {
                reader.Skip();
                continue;
            }

            // The rest, the vocabulary of several megabytes, is not looked at.
            reader.Read();
            using var tokens = JsonDocument.ParseValue(ref reader);
            List<string> special = [];
            foreach (var token in tokens.RootElement.EnumerateArray())
            {
                if (token.GetProperty("special").GetBoolean())
                {
                    special.Add(token.GetProperty("content").GetString() ?? "");
                }
            }

            return [.. special];
        }

        return [];
    }

    private bool IsIn(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => IsIn(element.GetString()!),
        JsonValueKind.Array => element.EnumerateArray().Any(IsIn),
        JsonValueKind.Object => element.EnumerateObject().Any(p => IsIn(p.Name) || IsIn(p.Value)),
        _ => false,
    };

    private bool IsIn(string text) => text.AsSpan().ContainsAny(_texts);

    private void Write(Utf8JsonWriter writer, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                writer.WriteStringValue(Broken(element.GetString()!));
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in element.EnumerateObject())
                {
                    writer.WritePropertyName(Broken(property.Name));
                    Write(writer, property.Value);
                }

                writer.WriteEndObject();
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }

    private string Broken(string text)
    {
        var rest = text.AsSpan();
        var broken = new StringBuilder();
        for (var at = rest.IndexOfAny(_texts); at >= 0; at = rest.IndexOfAny(_texts))
        {
            // Goes on after the first character: another token's text may begin inside this one's.
            var end = at + FirstCharacter(rest[at..]);
            broken.Append(rest[..end]).Append(Break);
            rest = rest[end..];
        }

        return broken.Append(rest).ToString();
    }

    private static int FirstCharacter(ReadOnlySpan<char> text) => text.Length > 1 && char.IsSurrogatePair(text[0], text[1]) ? 2 : 1;
}
