using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Fleet.Messages;

namespace OffLM.Fleet.Verification;

/// <summary>Where a node's chain of batches stands: what the next one is measured against.</summary>
/// <param name="Batch">The last batch's number; 0 before the first.</param>
/// <param name="Hash">Its struct hash; zero before the first.</param>
/// <param name="Node">Whose key signed it; before the first, whose will.</param>
/// <param name="Sequence">The last receipt's number that any batch had.</param>
/// <param name="Boot">The node's boot count then.</param>
/// <param name="KeyClass">What held the key.</param>
/// <param name="KeyCounter">The card's counter before that signature.</param>
internal sealed record ChainTip(ulong Batch, Bytes32 Hash, Address Node, ulong Sequence, uint Boot, KeyClass KeyClass, uint KeyCounter)
{
    public static ChainTip Start(Address node) => new(0, Bytes32.Zero, node, 0, 0, default, 0);

    /// <summary>Where the chain stands after a batch, settled or refused. Receipt numbers that were given once are never free again.</summary>
    public ChainTip After(SignedHeader header)
    {
        var batch = header.Batch;
        return new(batch.Batch, header.Hash, batch.Node, Math.Max(Sequence, header.LastSequence), batch.Boot, batch.KeyClass, batch.KeyCounter);
    }
}
