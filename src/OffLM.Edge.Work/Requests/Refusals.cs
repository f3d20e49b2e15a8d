using OffLM.Edge.Inference;
using OffLM.Edge.Metering;

namespace OffLM.Edge.Work.Requests;

/// <summary>What the rooms below say, in the words of a refusal.</summary>
internal static class Refusals
{
    /// <summary>A person has to do something first.</summary>
    private static readonly TimeSpan UntilRepaired = TimeSpan.FromMinutes(1);

    /// <summary>The refusal for an error that a caller can be told; null for any other.</summary>
    public static RefusedException? From(Exception error) => error switch
    {
        RefusedException refusal => refusal,
        ModelNotFoundException => new(RefusalReason.ModelNotFound, error.Message, parameter: "model", inner: error),
        ModelBusyException => new(RefusalReason.Overloaded, error.Message, TimeSpan.FromSeconds(10), inner: error),
        ModelDamagedException => new(RefusalReason.ModelDamaged, error.Message, UntilRepaired, "model", error),
        ModelLoadException => new(RefusalReason.ModelUnavailable, error.Message, UntilRepaired, "model", error),
        QueueFullException full => new(RefusalReason.Overloaded, error.Message, full.RetryAfter, inner: error),
        InvalidGuidanceException => new(RefusalReason.InvalidRequest, error.Message, parameter: "response_format", inner: error),
        WrongModelException => new(RefusalReason.InvalidRequest, error.Message, parameter: "model", inner: error),
        InferenceException => new(RefusalReason.InvalidRequest, error.Message, inner: error),
        CreditExhaustedException => new(RefusalReason.CreditExhausted, error.Message, inner: error),
        RetryException retry => new(
            RefusalReason.AlreadyTaken,
            $"{error.Message} It was answered or still runs; its text is not kept. See its receipt, or ask again with a new idempotency key.",
            inner: retry),
        LedgerFullException => new(RefusalReason.LedgerUnavailable, error.Message, TimeSpan.FromSeconds(60), inner: error),
        LedgerUnavailableException => new(RefusalReason.LedgerUnavailable, error.Message, TimeSpan.FromSeconds(5), inner: error),
        ArgumentException => new(RefusalReason.InvalidRequest, error.Message, inner: error),
        _ => null,
    };
}
