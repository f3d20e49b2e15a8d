namespace OffLM.Edge.Inference;

/// <summary>What the output must conform to.</summary>
/// <param name="Kind">What <paramref name="Definition"/> holds.</param>
/// <param name="Definition">A JSON schema, or empty for any JSON object.</param>
public sealed record Guidance(GuidanceKind Kind, string Definition);

/// <summary>The kinds of guided output.</summary>
public enum GuidanceKind
{
    /// <summary>Any JSON object.</summary>
    JsonObject,

    /// <summary>JSON that conforms to a schema.</summary>
    JsonSchema,
}

/// <summary>One prompt to be continued by a loaded model.</summary>
public sealed record GenerationRequest
{
    /// <summary>Token ids of the whole prompt, at least one, fewer than the model's context.</summary>
    public required int[] Prompt { get; init; }

    /// <summary>At most so many new tokens, at least 1. Prompt and completion together never exceed the context.</summary>
    public required int MaxNewTokens { get; init; }

    public required SamplingOptions Sampling { get; init; }

    /// <summary>The completion ends before the first of these; none of it is emitted. May span tokens.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    public Guidance? Guidance { get; init; }

    /// <summary>Whose conversation this is. The key-value cache of another prompt is reused only within one scope, unless
    /// <see cref="SchedulerOptions.SharePrefixes"/>.</summary>
    public string CacheScope { get; init; } = "";

    /// <summary>True for a result that must be repeatable: computed without prefix reuse, the prompt split by its length alone, and never in one step
    /// with others. They may run meanwhile: no bit of a score depends on a slot that is not in the same step.</summary>
    public bool Deterministic { get; init; }

    /// <summary>What the model is adapted with; see <see cref="ModelLease.Adapted"/>.</summary>
    internal LoraAdapter? Adapter { get; init; }
}

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>The model's end token or a stop sequence.</summary>
    Stop,

    /// <summary>The token limit or the end of the context.</summary>
    Length,

    /// <summary><see cref="Generation.Cancel"/> was called.</summary>
    Cancelled,

    /// <summary>The scheduler is shutting down.</summary>
    Interrupted,

    /// <summary>The engine failed; <see cref="GenerationResult.Error"/> says how.</summary>
    Error,
}

/// <summary>A piece of text and the tokens that it completes. The text is whole Unicode scalars, never split in a sequence.</summary>
/// <param name="Text">Text to be sent on; may be empty where a token gave none that is safe to send yet.</param>
/// <param name="Tokens">How many tokens this text completes. Summed over a generation: the tokens whose text was handed out.</param>
/// <param name="Logprobs">One entry a token, when asked for.</param>
public readonly record struct GenerationPiece(string Text, int Tokens, IReadOnlyList<TokenLogprob>? Logprobs = null);

/// <summary>A token with its log probability (natural logarithm) after temperature 1, before any filter.</summary>
public sealed record TokenLogprob(string Text, byte[] Utf8, double Logprob, IReadOnlyList<TokenLogprob> Top);

/// <summary>How a generation went.</summary>
/// <param name="Reason">Why it ended.</param>
/// <param name="PromptTokens">Tokens in the prompt.</param>
/// <param name="CachedTokens">Of those, how many were reused from another prompt's cache.</param>
/// <param name="CompletionTokens">Tokens whose text was handed out in pieces (end tokens and cut stop sequences not counted).</param>
/// <param name="StopSequence">The stop sequence that ended it, or null.</param>
/// <param name="QueueTime">Waiting for a place.</param>
/// <param name="PrefillTime">From there to the first token.</param>
/// <param name="DecodeTime">From the first token to the last.</param>
/// <param name="RanAlone">True if no other generation was active meanwhile.</param>
/// <param name="PrefillSplit">The lengths of the pieces in which the prompt was processed.</param>
/// <param name="Error">For <see cref="FinishReason.Error"/>: the engine's message.</param>
public sealed record GenerationResult(
    FinishReason Reason,
    int PromptTokens,
    int CachedTokens,
    int CompletionTokens,
    string? StopSequence,
    TimeSpan QueueTime,
    TimeSpan PrefillTime,
    TimeSpan DecodeTime,
    bool RanAlone,
    IReadOnlyList<int> PrefillSplit,
    string? Error);
