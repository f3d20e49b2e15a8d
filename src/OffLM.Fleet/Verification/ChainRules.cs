using OffLM.Edge.Signing;
using OffLM.Fleet.Messages;

namespace OffLM.Fleet.Verification;

/// <summary>What a batch promises about the one before it. A pure function of the two.</summary>
internal static class ChainRules
{
    /// <summary>Checks the batch with the next number.</summary>
    /// <param name="header">A signed batch.</param>
    /// <param name="tip">Where its chain stands.</param>
    /// <param name="replacesTip">Whether the batch's node was declared to go on where the chain's last key ended.</param>
    /// <returns>The first promise that doesn't hold; null if all do.</returns>
    public static Refusal? Check(SignedHeader header, ChainTip tip, bool replacesTip)
    {
        var batch = header.Batch;
        if (batch.Previous != tip.Hash)
        {
            return new(RefusalKind.Chain, tip.Batch == 0
                ? $"chain: batch 1 follows {batch.Previous}; the first follows nothing."
                : $"chain: batch {batch.Batch} follows {batch.Previous}; batch {tip.Batch}, which stands, has the hash {tip.Hash}.");
        }

        if (batch.Node != tip.Node && !replacesTip)
        {
            return new(RefusalKind.Key, $"key: the chain stands under {tip.Node}, which {batch.Node} does not replace.");
        }

        if (batch.FirstSequence != tip.Sequence + 1)
        {
            return new(RefusalKind.Sequence, $"sequence: batch {batch.Batch} begins with receipt {batch.FirstSequence}; expected {tip.Sequence + 1}.");
        }

        if (batch.Boot < tip.Boot)
        {
            return new(RefusalKind.Counter, $"counter: batch {batch.Batch} was signed in boot {batch.Boot}, the one before it in boot {tip.Boot}.");
        }

        // A card counts each signature, so the counter must have moved on since this key's last one.
        return batch.KeyClass == KeyClass.SmartCard && tip.KeyClass == KeyClass.SmartCard && batch.Node == tip.Node && batch.KeyCounter <= tip.KeyCounter
            ? new(RefusalKind.Counter, $"counter: the card stood at {batch.KeyCounter} before batch {batch.Batch}, and at {tip.KeyCounter} before the one before it.")
            : null;
    }

    /// <summary>The refusal of a batch whose number is taken.</summary>
    /// <param name="header">The second batch with its number.</param>
    /// <param name="standing">The hash of the first.</param>
    public static Refusal Fork(SignedHeader header, Bytes32 standing) => new(
        RefusalKind.Fork, $"fork: another batch {header.Batch.Batch} came first, with the hash {standing}.");
}
