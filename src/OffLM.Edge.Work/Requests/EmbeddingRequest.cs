namespace OffLM.Edge.Work.Requests;

/// <summary>A request for embeddings, whichever API it came by.</summary>
public sealed record EmbeddingRequest
{
    /// <summary>The door that it came by.</summary>
    public RequestApi Api { get; init; }

    /// <summary>The model's name or id.</summary>
    public required string Model { get; init; }

    /// <summary>The texts, at least one.</summary>
    public required IReadOnlyList<EmbeddingInput> Inputs { get; init; }

    /// <summary>True to cut texts that are longer than the model's context; else they are refused.</summary>
    public bool Truncate { get; init; }

    /// <summary>How many numbers an embedding is to have; null for as many as the model gives.</summary>
    public int? Dimensions { get; init; }

    /// <summary>How long the model stays in memory afterwards; null for the node's default.</summary>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>The client's idempotency key; null for none.</summary>
    public string? RetryKey { get; init; }

    /// <summary>With a <see cref="RetryKey"/>: a digest of what was asked.</summary>
    public string? RetryDigest { get; init; }
}

/// <summary>One text to be embedded.</summary>
/// <param name="Text">The text; or its tokens.</param>
/// <param name="Tokens">Ids in the model's own vocabulary, without what the model wants before and after each text.</param>
public sealed record EmbeddingInput(string? Text, int[]? Tokens);

/// <summary>What a request for embeddings came to.</summary>
/// <param name="LoadDuration">How long it waited for its model to be loaded.</param>
/// <param name="Vectors">One embedding after the other; empty unless all were made.</param>
/// <param name="Dimensions">Numbers of one.</param>
/// <param name="Completed">Its receipt, and how it went.</param>
public sealed record EmbeddingAnswer(TimeSpan LoadDuration, float[] Vectors, int Dimensions, CompletedAnswer Completed);
