using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;

namespace OffLM.Fleet.Messages;

/// <summary>What a batch message says was signed. Whether it was is not known yet.</summary>
/// <param name="Domain">The network it is for.</param>
/// <param name="Batch">The signed fields.</param>
/// <param name="Hash">The batch's struct hash.</param>
/// <param name="Signature">Said to be by the key of <see cref="ReceiptBatch.Node"/>.</param>
internal sealed record SignedHeader(TypedDomain Domain, ReceiptBatch Batch, Bytes32 Hash, RecoverableSignature Signature)
{
    /// <summary>True if the node that the batch names has signed it for its domain. About 60 µs.</summary>
    public bool IsSignedByItsNode() => Signature.Recover(Domain.Digest(Hash)) == Batch.Node;

    /// <summary>The number of the last receipt in it.</summary>
    public ulong LastSequence => Batch.FirstSequence + Batch.Count - 1;
}
