namespace OffLM.ModelForge.Tokenizer;

/// <summary>The ids of special tokens in a tokenizer of a given size: they are its last ones.</summary>
internal readonly record struct TokenIds(int TokenizerVocabulary)
{
    /// <summary>Tokens before the first special one.</summary>
    public int BytePairs => TokenizerVocabulary - SpecialTokens.Count;

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
