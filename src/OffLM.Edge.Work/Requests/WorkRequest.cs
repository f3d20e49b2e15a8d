using OffLM.Edge.Inference;

namespace OffLM.Edge.Work.Requests;

/// <summary>A request for an answer, whichever API it came by.</summary>
public sealed record WorkRequest
{
    /// <summary>The door that it came by.</summary>
    public RequestApi Api { get; init; }

    /// <summary>The model's name or id.</summary>
    public required string Model { get; init; }

    /// <summary>A prompt to be continued as it is; or <see cref="MessagesJson"/>.</summary>
    public string? Prompt { get; init; }

    /// <summary>A conversation as a JSON array, to be rendered with the model's chat template; or <see cref="Prompt"/>.</summary>
    public string? MessagesJson { get; init; }

    /// <summary>Tool definitions as a JSON array, for the chat template; null for none.</summary>
    public string? ToolsJson { get; init; }

    /// <summary>Whether the conversation's oldest messages may be left out if it is too long, rather than refusing it.</summary>
    public bool MayForget { get; init; }

    /// <summary>At most so many new tokens; null for as many as the context has room for.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>A smaller context than the model's; null for the model's own.</summary>
    public int? ContextLength { get; init; }

    public required SamplingOptions Sampling { get; init; }

    /// <summary>True if the client named the seed: the result must be repeatable.</summary>
    public bool Seeded { get; init; }

    public IReadOnlyList<string> Stop { get; init; } = [];

    public Guidance? Guidance { get; init; }

    /// <summary>How long the model stays in memory afterwards; null for the node's default.</summary>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>True if text is sent as it comes: then what was flushed counts as delivered before the end.</summary>
    public required bool Streaming { get; init; }

    /// <summary>The client's idempotency key; null for none.</summary>
    public string? RetryKey { get; init; }

    /// <summary>With a <see cref="RetryKey"/>: a digest of what was asked. The key with another one is refused, not answered with an earlier answer.</summary>
    public string? RetryDigest { get; init; }
}
