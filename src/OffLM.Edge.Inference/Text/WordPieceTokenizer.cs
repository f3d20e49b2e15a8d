using System.Buffers;
using System.Text;
using System.Text.Json;

namespace OffLM.Edge.Inference;

/// <summary>
/// The tokenizer of BERT and what came after it, from <c>tokenizer.json</c>: text is cleaned and cut into words and marks (<see cref="BertWords"/>), and each
/// word is cut from its begin into the longest pieces that the vocabulary has. (GenAI, whose tokenizers serve all other models, has none of this kind.)
/// </summary>
internal sealed class WordPieceTokenizer : ITextTokenizer
{
    private const string FileName = "tokenizer.json";

    private readonly BertWords _words;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _first;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _following;
    private readonly Dictionary<string, int> _special = new(StringComparer.Ordinal);
    private readonly SearchValues<string> _specialTexts;
    private readonly int _unknown;
    private readonly int _longestWord;
    private readonly int _longestPiece;

    private WordPieceTokenizer(JsonElement root)
    {
        var model = root.GetProperty("model");
        var prefix = model.TryGetProperty("continuing_subword_prefix", out var given) ? given.GetString()! : "##";
        _longestWord = model.TryGetProperty("max_input_chars_per_word", out var longest) ? longest.GetInt32() : 100;
        var (first, following) = (new Dictionary<string, int>(StringComparer.Ordinal), new Dictionary<string, int>(StringComparer.Ordinal));
        foreach (var piece in model.GetProperty("vocab").EnumerateObject())
        {
            first.Add(piece.Name, piece.Value.GetInt32());
            if (prefix.Length > 0 && piece.Name.StartsWith(prefix, StringComparison.Ordinal))
            {
                following.Add(piece.Name[prefix.Length..], piece.Value.GetInt32());
            }

            _longestPiece = Math.Max(_longestPiece, piece.Name.Length);
        }

        (_first, _following) = (first.GetAlternateLookup<ReadOnlySpan<char>>(), (prefix.Length > 0 ? following : first).GetAlternateLookup<ReadOnlySpan<char>>());
        var unknown = model.TryGetProperty("unk_token", out var text) ? text.GetString()! : "[UNK]";
        _unknown = first.TryGetValue(unknown, out var id) ? id : throw new JsonException($"the vocabulary lacks {unknown}");
        if (root.TryGetProperty("added_tokens", out var list))
        {
            foreach (var added in list.EnumerateArray())
            {
                if (added.GetProperty("content").GetString() is { Length: > 0 } content)
                {
                    _special[content] = added.GetProperty("id").GetInt32();
                }
            }
        }

        _specialTexts = SearchValues.Create([.. _special.Keys], StringComparison.Ordinal);
        _words = BertWords.Read(root);
    }

    /// <summary>Opens a model's tokenizer if it is of this kind.</summary>
    /// <returns>Null if it is of another, or there is none.</returns>
    /// <exception cref="ModelLoadException">It can't be read, or cuts words in a way that is not known.</exception>
    internal static WordPieceTokenizer? TryOpen(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return IsWordPiece(document.RootElement) ? new WordPieceTokenizer(document.RootElement) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            throw new ModelLoadException($"its {FileName} can't be used: {e.Message.TrimEnd('.')}.", $"{path}: {e.Message}", e);
        }
    }

    public int[] Encode(string text)
    {
        List<int> tokens = [];
        var rest = text.AsSpan();
        while (rest.Length > 0)
        {
            var (start, length) = FindSpecial(rest);
            _words.Cut(rest[..start], word => AddWord(word, tokens));
            if (length > 0)
            {
                tokens.Add(_special.GetAlternateLookup<ReadOnlySpan<char>>()[rest.Slice(start, length)]);
            }

            rest = rest[(start + length)..];
        }

        return [.. tokens];
    }

    public void Dispose()
    {
        // Nothing but memory.
    }

    /// <summary>Files of older versions don't name the kind.</summary>
    private static bool IsWordPiece(JsonElement root) => root.GetProperty("model") is var model && model.TryGetProperty("type", out var type)
        ? type.GetString() == "WordPiece"
        : model.TryGetProperty("continuing_subword_prefix", out _) && !model.TryGetProperty("merges", out _);

    /// <summary>The first special token, of those that begin there the longest; the text's end if there is none.</summary>
    private (int Start, int Length) FindSpecial(ReadOnlySpan<char> text)
    {
        var start = text.IndexOfAny(_specialTexts);
        if (start < 0)
        {
            return (text.Length, 0);
        }

        var length = 0;
        foreach (var special in _special.Keys)
        {
            length = special.Length > length && text[start..].StartsWith(special, StringComparison.Ordinal) ? special.Length : length;
        }

        return (start, length);
    }

    private void AddWord(ReadOnlySpan<char> word, List<int> tokens)
    {
        var count = tokens.Count;
        var rest = CountOf(word) > _longestWord ? default : word;
        for (var lookup = _first; rest.Length > 0; lookup = _following)
        {
            var length = Math.Min(rest.Length, _longestPiece);
            var token = 0;
            while (length > 0 && !lookup.TryGetValue(rest[..length], out token))
            {
                length--;
            }

            if (length == 0)
            {
                tokens.RemoveRange(count, tokens.Count - count);
                break;
            }

            tokens.Add(token);
            rest = rest[length..];
        }

        if (tokens.Count == count)
        {
            tokens.Add(_unknown);
        }
    }

    private static int CountOf(ReadOnlySpan<char> word)
    {
        var count = 0;
        foreach (var _ in word.EnumerateRunes())
        {
            count++;
        }

        return count;
    }
}
