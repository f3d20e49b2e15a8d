namespace OffLM.Edge.Metering.Documents;

/// <summary>Something in a document that doesn't hold.</summary>
/// <param name="Kind">Which promise.</param>
/// <param name="Batch">The batch's number; null for the document as a whole, or when it can't be read.</param>
/// <param name="Sequence">The receipt's place; null for the batch as a whole.</param>
/// <param name="Message">A sentence for people: what is there and what was expected.</param>
public sealed record VerificationFailure(FailureKind Kind, ulong? Batch, ulong? Sequence, string Message);

/// <summary>The promises that a document is checked for.</summary>
public enum FailureKind
{
    /// <summary>It is not the JSON that the format says: a field missing, unknown, twice or of the wrong type; cut off; more after its end.</summary>
    Structure,

    /// <summary>A batch doesn't name the one before it by hash, or its number isn't the next.</summary>
    Chain,

    /// <summary>Sequence numbers are missing, or given twice, between batches.</summary>
    Gap,

    /// <summary>A batch doesn't have as many entries as it says.</summary>
    Count,

    /// <summary>The entries don't give the batch's Merkle root.</summary>
    Root,

    /// <summary>The signature isn't by the node that the batch names.</summary>
    Signature,

    /// <summary>A batch's fees aren't the sum of its receipts'.</summary>
    FeeSum,

    /// <summary>A receipt's fee isn't what its tariff says.</summary>
    Fee,

    /// <summary>A tariff is missing, given twice or out of range.</summary>
    Tariff,

    /// <summary>More cached tokens than prompt tokens.</summary>
    Tokens,

    /// <summary>A receipt's sequence number isn't that of its place.</summary>
    Sequence,

    /// <summary>A request has two receipts.</summary>
    Request,

    /// <summary>A code has a value that the format doesn't know.</summary>
    Range,
}
