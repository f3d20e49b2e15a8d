using System.Numerics;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Documents;

/// <summary>
/// What a document says and whether it holds. What no document can show is whether later batches were left off: compare
/// <see cref="EndsAt"/> with what the node reports. And whose <see cref="Nodes"/> these are is for the reader to know.
/// </summary>
public sealed record VerificationResult
{
    /// <summary>How many failures are listed; all are counted.</summary>
    public const int MaxListed = 1000;

    /// <summary>True if every promise that can be checked holds.</summary>
    public bool Holds => FailureCount == 0;

    /// <summary>The network; null if the document's domain can't be read.</summary>
    public TypedDomain? Domain { get; init; }

    /// <summary>The first batch's number: above 1 the document is a continuation, and what came before isn't checked. Null without a batch.</summary>
    public ulong? StartsAt { get; init; }

    /// <summary>The last batch's number.</summary>
    public ulong? EndsAt { get; init; }

    public long Batches { get; init; }

    /// <summary>Receipts written out.</summary>
    public long Receipts { get; init; }

    /// <summary>Receipts shown only by their leaf hashes.</summary>
    public long Hidden { get; init; }

    /// <summary>The sum of the disclosed receipts' fees, in atto.</summary>
    public BigInteger Fees { get; init; }

    /// <summary>What the batches' fees hold beyond that: fees of hidden receipts, in atto.</summary>
    public BigInteger HiddenFees { get; init; }

    /// <summary>The addresses that signed, in order of appearance.</summary>
    public IReadOnlyList<Address> Nodes { get; init; } = [];

    /// <summary>The first <see cref="MaxListed"/> failures.</summary>
    public IReadOnlyList<VerificationFailure> Failures { get; init; } = [];

    public long FailureCount { get; init; }
}
