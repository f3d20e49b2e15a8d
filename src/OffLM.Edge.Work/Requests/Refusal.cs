namespace OffLM.Edge.Work.Requests;

/// <summary>Why a request was not taken.</summary>
public enum RefusalReason
{
    /// <summary>Something in the request is wrong; asking again unchanged is of no use.</summary>
    InvalidRequest,

    /// <summary>The prompt doesn't fit the model's context.</summary>
    ContextExceeded,

    ModelNotFound,

    /// <summary>The key's list doesn't have this model.</summary>
    ModelNotAllowed,

    /// <summary>The model is there, but its files are not what they should be.</summary>
    ModelDamaged,

    /// <summary>The model's files are whole, but it does not load.</summary>
    ModelUnavailable,

    RateLimited,

    CreditExhausted,

    /// <summary>A retry of a request that was answered, or still runs.</summary>
    AlreadyTaken,

    /// <summary>Every place is taken, or other models are in use.</summary>
    Overloaded,

    /// <summary>The receipt could not be written: the disk is full or failed.</summary>
    LedgerUnavailable,

    /// <summary>The board has reached a critical temperature.</summary>
    TooHot,

    /// <summary>The node starts up or shuts down.</summary>
    NotServing,
}

/// <summary>A request was not taken. Nothing was charged, nothing was recorded.</summary>
/// <param name="reason">Why.</param>
/// <param name="message">What is wrong and what to do; holds no text of the request.</param>
/// <param name="retryAfter">When asking again may help; null if it won't by itself.</param>
/// <param name="parameter">The request's field at fault; null for none.</param>
public sealed class RefusedException(RefusalReason reason, string message, TimeSpan? retryAfter = null, string? parameter = null, Exception? inner = null)
    : Exception(message, inner)
{
    public RefusalReason Reason => reason;

    public TimeSpan? RetryAfter => retryAfter;

    public string? Parameter => parameter;
}
