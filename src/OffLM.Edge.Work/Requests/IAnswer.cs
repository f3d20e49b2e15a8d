using OffLM.Edge.Inference;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Work.Requests;

/// <summary>An answer that was admitted. Disposing one that is not complete cancels it and closes its receipt.</summary>
public interface IAnswer : IAsyncDisposable
{
    /// <summary>The receipt's name.</summary>
    Bytes32 Request { get; }

    StoredModel Model { get; }

    /// <summary>How long this request waited for its model to be loaded.</summary>
    TimeSpan LoadDuration { get; }

    int PromptTokens { get; }

    /// <summary>The text as it comes, once. To be followed by <see cref="CompleteAsync"/>.</summary>
    IAsyncEnumerable<GenerationPiece> ReadAsync(CancellationToken cancellation);

    /// <summary>Says that a piece was handed over: when streaming, that its flush completed; otherwise, that it is in the body.</summary>
    void Delivered(in GenerationPiece piece);

    /// <summary>Closes the account and makes the receipt durable; to be called before the last chunk, or the body, leaves.</summary>
    /// <exception cref="RefusedException">The ledger could not be written.</exception>
    Task<CompletedAnswer> CompleteAsync();
}

/// <summary>How an answer went and what it owes.</summary>
/// <param name="Receipt">Durable.</param>
/// <param name="Salts">What opens its commitments; for the caller.</param>
/// <param name="Result">Timings and reason.</param>
/// <param name="Total">From admission to here.</param>
/// <param name="Api">The door that the request came by.</param>
public sealed record CompletedAnswer(Receipt Receipt, CompletedAnswer.Opening Salts, GenerationResult Result, TimeSpan Total, RequestApi Api)
{
    /// <summary>The salts of the two commitments and of the replay record.</summary>
    public sealed record Opening(Bytes32 Prompt, Bytes32 Completion, Bytes32 Execution);
}
