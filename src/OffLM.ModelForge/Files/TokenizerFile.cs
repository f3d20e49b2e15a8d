using System.Text.Json;
using OffLM.ModelForge.Tokenizer;

namespace OffLM.ModelForge.Files;

/// <summary>tokenizer.json: the byte-pair vocabulary and its merges, in the format of Hugging Face's tokenizers.</summary>
internal static class TokenizerFile
{
    /// <summary>How Qwen2 cuts text before merging: contractions, words with a character before them, single digits, signs, blanks.</summary>
    private const string SplitPattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Bounds what the writer holds in memory; a vocabulary is several megabytes.</summary>
    private const int FlushBytes = 64 * 1024;

    /// <summary>Writes the file.</summary>
    public static void Write(string path, TokenIds ids) => JsonFile.Write(path, json => Write(json, ids));

    private static void Write(Utf8JsonWriter json, TokenIds ids)
    {
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        WriteAddedTokens(json, ids);
        json.WriteNull("normalizer");
        WritePreTokenizer(json);
        json.WritePropertyName("post_processor");
        WriteByteLevel(json);
        json.WritePropertyName("decoder");
        WriteByteLevel(json);
        WriteModel(json, new BytePairVocabulary(ids.BytePairs));
        json.WriteEndObject();
    }

    private static void WriteAddedTokens(Utf8JsonWriter json, TokenIds ids)
    {
        json.WriteStartArray("added_tokens");
        foreach (var token in SpecialTokens.All)
        {
            json.WriteStartObject();
            json.WriteNumber("id", ids.Of(token.Text));
            SpecialTokenJson.WriteProperties(json, token);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WritePreTokenizer(Utf8JsonWriter json)
    {
        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        json.WriteStartObject();
        json.WriteString("type", "Split");
        json.WriteStartObject("pattern");
        json.WriteString("Regex", SplitPattern);
        json.WriteEndObject();
        json.WriteString("behavior", "Isolated");
        json.WriteBoolean("invert", false);
        json.WriteEndObject();
        WriteByteLevel(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteByteLevel(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", false);
        json.WriteBoolean("use_regex", false);
        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, BytePairVocabulary vocabulary)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteNull("unk_token");
        json.WriteString("continuing_subword_prefix", "");
        json.WriteString("end_of_word_suffix", "");
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteStartObject("vocab");
        for (var id = 0; id < vocabulary.Tokens.Count; id++)
        {
            json.WriteNumber(vocabulary.Tokens[id], id);
            FlushIfLarge(json);
        }

        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (var (left, right) in vocabulary.Merges)
        {
            json.WriteStringValue($"{left} {right}");
            FlushIfLarge(json);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void FlushIfLarge(Utf8JsonWriter json)
    {
        if (json.BytesPending > FlushBytes)
        {
            json.Flush();
        }
    }
}
