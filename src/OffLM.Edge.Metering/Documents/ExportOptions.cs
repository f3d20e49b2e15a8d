using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Documents;

/// <summary>What an export holds.</summary>
public sealed record ExportOptions
{
    public Disclosure Disclosure { get; init; } = Disclosure.Complete;

    /// <summary>Only this request's batch, with everything in it but this one receipt as leaves; null for all batches.</summary>
    public Bytes32? Request { get; init; }

    /// <summary>Only batches signed for this network; null if all are for one. A document holds one domain.</summary>
    public TypedDomain? Domain { get; init; }

    /// <summary>
    /// The first batch's number: for exporting what came since the last export, or what was before a rollback. Null for all of the chain as it
    /// is now. A document holds one unbroken chain: it ends before the next rollback that was accepted.
    /// </summary>
    public ulong? FromBatch { get; init; }
}
