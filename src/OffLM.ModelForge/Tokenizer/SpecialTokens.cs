namespace OffLM.ModelForge.Tokenizer;

/// <summary>The tokens that stand for themselves; their ids follow those of the byte-pair vocabulary in this order.</summary>
internal static class SpecialTokens
{
    /// <summary>Ends a document; also pads.</summary>
    public const string EndOfText = "<|endoftext|>";

    /// <summary>Ends a chat message: what generation stops at.</summary>
    public const string EndOfMessage = "<|im_end|>";

    /// <summary>Begins a chat message; also a text that is embedded.</summary>
    public const string StartOfMessage = "<|im_start|>";

    /// <summary>Number of special tokens.</summary>
    public const int Count = 7;

    /// <summary>
    /// All of them. Control tokens vanish when text is decoded; the marks around tool calls are text that
    /// whoever reads the answer has to see, and merely a token each.
    /// </summary>
    public static IReadOnlyList<SpecialToken> All { get; } =
    [
        new(EndOfText, IsControl: true),
        new(StartOfMessage, IsControl: true),
        new(EndOfMessage, IsControl: true),
        new("<tool_call>", IsControl: false),
        new("</tool_call>", IsControl: false),
        new("<tool_response>", IsControl: false),
        new("</tool_response>", IsControl: false),
    ];
}
