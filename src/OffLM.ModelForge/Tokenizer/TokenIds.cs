namespace OffLM.ModelForge.Tokenizer;

/// <summary>The ids of special tokens in a tokenizer of a given size: they are its last ones.</summary>
internal readonly record struct TokenIds(int TokenizerVocabulary)
{
    /// <summary>Tokens before the first special one.</summary>
    public int BytePairs => TokenizerVocabulary - SpecialTokens.Count;

    /// <summary>
    /// Whether a model of chance should say this token often: pieces of words and the ends of messages, but not
    /// lone bytes, which are seldom valid UTF-8, marks of tool calls that nobody means, or ids without a text.
    /// </summary>
    public bool IsSpoken(int id)
    {
        var special = id - BytePairs;
        return id >= ByteAlphabet.InTokenOrder.Count
            && (special < 0 || (special < SpecialTokens.Count && SpecialTokens.All[special].IsControl));
    }

    /// <summary>The id of the special token written <paramref name="text"/>.</summary>
    public int Of(string text)
    {
        for (var i = 0; i < SpecialTokens.Count; i++)
        {
            if (SpecialTokens.All[i].Text == text)
            {
                return BytePairs + i;
            }
        }

        throw new ArgumentException($"'{text}' is not a special token", nameof(text));
    }
}
