using System.Text.Json;

namespace OffLM.Edge.Inference.Tests.Support;

/// <summary>A <c>tokenizer.json</c> as BERT's, with a vocabulary of letters and some pieces of words. [CLS] is 2 and [SEP] 3.</summary>
internal static class TinyWordPiece
{
    private const string Letters = "abcdefgABCDGnN.,;!?'-_$^`|~äÖßéñçoaiıαωάώжиеабאבगहनสว中文字かなガカ0123½²“”—…¿«»·";

    private static readonly string[] s_special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    /// <summary>The file.</summary>
    /// <param name="normalizer">What is done to a text before it is cut, as JSON.</param>
    /// <param name="words">What cuts it into words.</param>
    public static string Json(string normalizer, string words = "BertPreTokenizer")
    {
        string[] beginnings =
        [
            .. Letters.EnumerateRunes().Select(r => r.ToString()),
            "😀", "𝔸", "𐐨", "𠀀", "\u1100", "\u1161", "\u11A8", "가", "각", "\u0307", "ab", "abc", "bad", "deng", "gen", "bag", "cab",
        ];
        string[] pieces = [.. s_special, .. beginnings.Distinct(), .. beginnings.Distinct().Select(piece => "##" + piece), "##ng"];
        var vocabulary = string.Join(',', pieces.Select((piece, id) => $"{JsonSerializer.Serialize(piece)}: {id}"));
        var added = string.Join(',', s_special.Select((token, id) =>
            $$"""{"id": {{id}}, "content": "{{token}}", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}"""));
        return $$"""
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [{{added}}], "normalizer": {{normalizer}},
             "pre_tokenizer": {"type": "{{words}}"},
             "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0} }, {"Sequence": {"id": "A", "type_id": 0} },
               {"SpecialToken": {"id": "[SEP]", "type_id": 0} }], "pair": [], "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
               "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]} } },
             "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
             "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": { {{vocabulary}} } } }
            """;
    }
}
