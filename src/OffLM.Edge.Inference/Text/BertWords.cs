using System.Globalization;
using System.Text;
using System.Text.Json;

namespace OffLM.Edge.Inference;

/// <summary>Cuts text into words as BERT does: white space is between them, a punctuation mark or a Chinese character is one by itself.</summary>
/// <param name="clean">Drop control characters, and take any white space for a space.</param>
/// <param name="chinese">Put spaces around Chinese characters.</param>
/// <param name="bare">Take accents off.</param>
/// <param name="lower">In small letters.</param>
internal sealed class BertWords(bool clean, bool chinese, bool bare, bool lower)
{
    internal delegate void Taker(ReadOnlySpan<char> word);

    /// <summary>What a <c>tokenizer.json</c> says of it.</summary>
    /// <exception cref="JsonException">It does something else to texts.</exception>
    internal static BertWords Read(JsonElement root)
    {
        var words = Part(root, "pre_tokenizer");
        if (KindOf(words) != "BertPreTokenizer")
        {
            throw new JsonException($"its words are cut by {KindOf(words) ?? "nothing"}, which is not known here");
        }

        var normaliser = Part(root, "normalizer");
        return KindOf(normaliser) switch
        {
            null => new BertWords(false, false, false, false),
            "BertNormalizer" => new BertWords(
                Flag(normaliser, "clean_text") ?? true,
                Flag(normaliser, "handle_chinese_chars") ?? true,
                Flag(normaliser, "strip_accents") ?? Flag(normaliser, "lowercase") ?? true,
                Flag(normaliser, "lowercase") ?? true),
            var other => throw new JsonException($"its texts are changed by {other}, which is not known here"),
        };
    }

    /// <summary>Hands over one word after the other.</summary>
    internal void Cut(ReadOnlySpan<char> text, Taker take)
    {
        var changed = Change(text);
        var word = 0;
        var at = 0;
        foreach (var character in changed.AsSpan().EnumerateRunes())
        {
            var (isSpace, isMark) = (Rune.IsWhiteSpace(character), IsMark(character));
            if (isSpace || isMark)
            {
                if (at > word)
                {
                    take(changed.AsSpan(word, at - word));
                }

                if (isMark)
                {
                    take(changed.AsSpan(at, character.Utf16SequenceLength));
                }

                word = at + character.Utf16SequenceLength;
            }

            at += character.Utf16SequenceLength;
        }

        if (at > word)
        {
            take(changed.AsSpan(word, at - word));
        }
    }

    private string Change(ReadOnlySpan<char> text)
    {
        var changed = new StringBuilder(text.Length + 16);
        foreach (var character in text.EnumerateRunes())
        {
            if (clean && IsDropped(character))
            {
                continue;
            }

            if (clean && Rune.IsWhiteSpace(character))
            {
                changed.Append(' ');
            }
            else if (chinese && IsChinese(character.Value))
            {
                changed.Append(' ');
                Append(changed, character);
                changed.Append(' ');
            }
            else
            {
                Append(changed, character);
            }
        }

        return lower ? changed.ToString().ToLowerInvariant() : changed.ToString();
    }

    private void Append(StringBuilder to, Rune character)
    {
        if (bare)
        {
            Accents.AppendBare(to, character);
        }
        else
        {
            // The one letter whose small form has a mark of its own.
            to.Append(lower && character.Value == 0x130 ? "i\u0307" : character.ToString());
        }
    }

    private static bool IsDropped(Rune character) => character.Value is 0 or 0xFFFD
        || (character.Value is not ('\t' or '\n' or '\r') && Rune.GetUnicodeCategory(character)
            is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    private static bool IsMark(Rune character) => character.IsAscii
        ? !char.IsAsciiLetterOrDigit((char)character.Value) && character.Value is > ' ' and < 0x7F
        : Rune.GetUnicodeCategory(character) is UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation
            or UnicodeCategory.ClosePunctuation or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation or UnicodeCategory.OtherPunctuation;

    private static bool IsChinese(int character) => character
        is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F)
        or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    private static JsonElement Part(JsonElement root, string name) => root.TryGetProperty(name, out var part) ? part : default;

    private static string? KindOf(JsonElement part) => part.ValueKind == JsonValueKind.Object ? part.GetProperty("type").GetString() : null;

    private static bool? Flag(JsonElement part, string name) => part.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False
        ? value.GetBoolean()
        : null;
}
