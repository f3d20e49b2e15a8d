using System.Text;
using System.Text.Json;
using OffLM.Edge.Inference.Tests.Support;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Inference.Tests.Text;

/// <summary>What Hugging Face's own library makes of the same file and the same text is right.</summary>
public sealed class WordPieceTokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("""{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true}""")]
    [InlineData("""{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": false, "lowercase": true}""")]
    [InlineData("""{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": false, "strip_accents": true, "lowercase": false}""")]
    [InlineData("""{"type": "BertNormalizer", "clean_text": false, "handle_chinese_chars": true, "strip_accents": null, "lowercase": false}""")]
    [InlineData("null")]
    public async Task Any_text_has_the_tokens_that_the_reference_finds(string normalizer)
    {
        var path = Write(normalizer);
        using var tokenizer = WordPieceTokenizer.TryOpen(_folder.Root);
        var random = new Random(7);
        string[] texts =
        [
            .. Enumerable.Range(0, 400).Select(_ => RandomText(random)),
            string.Concat(Decomposed()), "", " ", "[SEP]", "a[MASK]b [CLS][SEP]", "[SE P]", new string('a', 99), new string('a', 100), new string('a', 101), "It's 3.5 €, isn't it?", "Zürich ÀÉÎõü",
        ];
        var list = _folder.Path("texts.json");
        await File.WriteAllTextAsync(list, JsonSerializer.Serialize(texts));

        var (exitCode, output) = await NodeScript.RunAsync("tokenizer.mjs", path, list);

        Assert.True(exitCode == 0, output);
        var expected = JsonSerializer.Deserialize<int[][]>(output)!;
        for (var i = 0; i < texts.Length; i++)
        {
            Assert.True(expected[i].SequenceEqual(tokenizer!.Encode(texts[i])), $"{JsonSerializer.Serialize(texts[i])}: {Names(expected[i])} expected, not {Names(tokenizer.Encode(texts[i]))}");
        }
    }

    [Fact]
    public void Half_of_a_character_is_no_reason_to_fail()
    {
        Write("""{"type": "BertNormalizer"}""");
        using var tokenizer = WordPieceTokenizer.TryOpen(_folder.Root);

        Assert.Equal(tokenizer!.Encode("ab"), tokenizer.Encode("a\uD83Db"));
    }

    [Theory]
    [InlineData("Precompiled", "BertPreTokenizer", "changed by Precompiled")]
    [InlineData("BertNormalizer", "Metaspace", "cut by Metaspace")]
    public void What_is_done_to_texts_in_another_way_is_said_when_it_is_opened(string normalizer, string words, string problem)
    {
        Write($$"""{"type": "{{normalizer}}"}""", words);

        Assert.Contains(problem, Assert.Throws<ModelLoadException>(() => WordPieceTokenizer.TryOpen(_folder.Root)).Message);
    }

    [Fact]
    public void Files_of_other_kinds_and_broken_ones_are_told_apart()
    {
        Assert.Null(WordPieceTokenizer.TryOpen(_folder.Root));
        File.WriteAllText(_folder.Path("tokenizer.json"), """{"model": {"type": "BPE", "vocab": {}, "merges": []}}""");
        Assert.Null(WordPieceTokenizer.TryOpen(_folder.Root));
        File.WriteAllText(_folder.Path("tokenizer.json"), """{"model": {"type": "WordPiece", "vocab": {"a": 1}}}""");
        Assert.Contains("lacks [UNK]", Assert.Throws<ModelLoadException>(() => WordPieceTokenizer.TryOpen(_folder.Root)).Message);
        File.WriteAllText(_folder.Path("tokenizer.json"), """{"model": """);
        Assert.Throws<ModelLoadException>(() => WordPieceTokenizer.TryOpen(_folder.Root));
    }

    /// <summary>All characters that consist of a letter and marks, of Unicode's first plane.</summary>
    private static IEnumerable<char> Decomposed()
    {
        using var file = new StreamReader(typeof(WordPieceTokenizer).Assembly.GetManifestResourceStream("accents.txt")!);
        return [.. file.ReadToEnd().Where(c => c > 127 && !char.IsSurrogate(c))];
    }

    private static string RandomText(Random random)
    {
        // Left out is where the JavaScript library differs from BERT and from its own original in Rust: a sigma at a word's end, Chinese beyond the first plane,
        // and two white spaces that JavaScript sees otherwise (U+0085 and U+FEFF).
        string[] alphabets = ["abcdeng", "ABNG .,;!?'-_$^`|~", "äÖßéñÇøÅİıΑΩάώЖйёاבग़हिन्दीสวัสดี가각힣ㄱ", "中文字かなガ゙ﾊﾞ", "\t\n\r\u0000\u0007\u00A0\u200B\u200D\u2028\u3000\uFFFD", "😀𝔸𐐀“”—…¿«»·", "0123½²"];
        var text = new StringBuilder();
        for (var length = random.Next(60); length > 0; length--)
        {
            var runes = alphabets[random.Next(4) == 0 ? random.Next(alphabets.Length) : random.Next(2)].EnumerateRunes().ToList();
            text.Append(runes[random.Next(runes.Count)].ToString());
        }

        return text.ToString();
    }

    private static string Names(int[] tokens) => string.Join(' ', tokens);

    private string Write(string normalizer, string words = "BertPreTokenizer")
    {
        var path = _folder.Path("tokenizer.json");
        File.WriteAllText(path, TinyWordPiece.Json(normalizer, words));
        return path;
    }
}
