namespace OffLM.Edge.Inference;

/// <summary>The limits of one decode loop, and what is asked of others between its steps.</summary>
public sealed record SchedulerOptions
{
    /// <summary>Generations that are stepped in turn. Each costs cache memory and makes the others slower.</summary>
    public int MaxActive { get; init; } = 4;

    /// <summary>Generations that wait for a place; one more is refused.</summary>
    public int MaxWaiting { get; init; } = 64;

    /// <summary>Prompt tokens that are computed at a time at most: so long the other generations wait. An engine that steps them together makes them
    /// wait for shorter pieces. The pieces of a prompt are equally long; their lengths are part of the execution record.</summary>
    public int PrefillPiece { get; init; } = 256;

    /// <summary>Tokens that a consumer may be behind before its generation pauses. Bounds memory per slow reader.</summary>
    public int MaxUndelivered { get; init; } = 256;

    /// <summary>Ended conversations whose key-value cache is kept for their next turn.</summary>
    public int IdleSlots { get; init; } = 4;

    /// <summary>Bytes of cache memory that idle slots may hold together; the least recently used goes first.</summary>
    public long IdleSlotBytes { get; init; } = 512L << 20;

    /// <summary>Tokens that are guessed from earlier text at most, where an answer runs alone and it pays: if they turn out to be what the model says, they
    /// came in one step. 0 to guess none. What is answered is the same.</summary>
    public int Guesses { get; init; } = 8;

    /// <summary>True if what was computed for one scope's prompts may spare others' the same beginning. How soon an answer comes then tells others that
    /// somebody has asked the like.</summary>
    public bool SharePrefixes { get; init; }

    /// <summary>Asked between two steps: the share of time to compute in, 0 to 1; 0 pauses. Null is 1.</summary>
    public Func<double>? Pace { get; init; }

    /// <summary>Called on the decode thread between two steps; must be quick and must not throw.</summary>
    public Action? BetweenSteps { get; init; }
}
