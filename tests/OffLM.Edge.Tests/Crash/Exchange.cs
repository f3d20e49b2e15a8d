using System.Text.Json;

namespace OffLM.Edge.Tests.Crash;

/// <summary>What a client asks for.</summary>
/// <param name="Path">The endpoint.</param>
/// <param name="Body">The request.</param>
/// <param name="Streaming">Whether text comes piece by piece.</param>
/// <param name="CountsTokens">Whether each piece says how many tokens it has (by its logprobs).</param>
/// <param name="Leaves">After how many pieces the client goes away; null if it stays.</param>
internal sealed record Question(string Path, string Body, bool Streaming, bool CountsTokens, int? Leaves);

/// <summary>A piece of text as it arrived.</summary>
/// <param name="Text">The text.</param>
/// <param name="Tokens">Its tokens, where they are told.</param>
/// <param name="At">When, as a Stopwatch timestamp.</param>
internal readonly record struct ReceivedPiece(string Text, int Tokens, long At);

/// <summary>The receipt that the last chunk told a client.</summary>
internal sealed record SeenReceipt(string Request, ulong Sequence, UInt128 Fee, uint PromptTokens, uint CompletionTokens)
{
    public static SeenReceipt Read(JsonElement offlm) => new(
        offlm.GetProperty("receipt").GetString()!,
        offlm.GetProperty("sequence").GetUInt64(),
        UInt128.Parse(offlm.GetProperty("fee").GetString()!, System.Globalization.CultureInfo.InvariantCulture),
        offlm.GetProperty("promptTokens").GetUInt32(),
        offlm.GetProperty("completionTokens").GetUInt32());
}

/// <summary>One request as its client saw it.</summary>
internal sealed class Exchange(Question question, bool paid)
{
    public Question Question => question;

    /// <summary>Whether the key has a payer.</summary>
    public bool Paid => paid;

    /// <summary>The header that names the receipt; null if it never came.</summary>
    public string? Request { get; set; }

    public List<ReceivedPiece> Pieces { get; } = [];

    public SeenReceipt? Final { get; set; }

    /// <summary>When the client went away by itself, as a Stopwatch timestamp.</summary>
    public long? LeftAt { get; set; }
}
