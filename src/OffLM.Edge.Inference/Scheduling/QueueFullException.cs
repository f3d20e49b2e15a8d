namespace OffLM.Edge.Inference;

/// <summary>No place is left to run or to wait in.</summary>
public sealed class QueueFullException(int places, TimeSpan retryAfter)
    : InferenceException($"All {places} places for requests are taken. Try again in about {Math.Ceiling(retryAfter.TotalSeconds)} s.")
{
    /// <summary>When a place is likely to be free, from how long recent generations took; at least one second.</summary>
    public TimeSpan RetryAfter { get; } = retryAfter;
}
