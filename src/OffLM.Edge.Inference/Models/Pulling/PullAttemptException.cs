using System.Net;

namespace OffLM.Edge.Inference;

/// <summary>One attempt failed; whether another makes sense depends on the status.</summary>
internal sealed class PullAttemptException(string message, HttpStatusCode? status = null, TimeSpan? retryAfter = null, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>What the server asked to wait.</summary>
    internal TimeSpan? RetryAfter => retryAfter;

    /// <summary>False for answers that another attempt won't change.</summary>
    internal bool IsWorthRetrying => status is null or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status >= 500;
}
