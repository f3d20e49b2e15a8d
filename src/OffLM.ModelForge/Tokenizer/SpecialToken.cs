namespace OffLM.ModelForge.Tokenizer;

/// <summary>A token that text is split at before byte pairs are merged.</summary>
/// <param name="Text">How it is written.</param>
/// <param name="IsControl">Whether decoding leaves it out.</param>
internal readonly record struct SpecialToken(string Text, bool IsControl);
