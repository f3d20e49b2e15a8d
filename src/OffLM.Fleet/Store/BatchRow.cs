using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Store;

/// <summary>A batch that was judged.</summary>
/// <param name="Id">Rises with each judgement.</param>
/// <param name="Chain">Whose batch.</param>
/// <param name="Number">The batch's number.</param>
/// <param name="Hash">Its struct hash.</param>
/// <param name="Node">Who signed it.</param>
/// <param name="IsLink">Whether the chain goes on from it.</param>
/// <param name="Verdict">What was answered.</param>
/// <param name="Refusal">Why it was refused; null if it wasn't.</param>
/// <param name="Collector">Who signed the answer.</param>
/// <param name="Signature">Of the acknowledgement.</param>
/// <param name="FirstSequence">Its first receipt's number.</param>
/// <param name="Count">Its receipts.</param>
/// <param name="Hidden">Those of them that came only as leaves; 0 if it was refused.</param>
/// <param name="Sums">What it adds; nothing if it was refused.</param>
/// <param name="Received">When, Unix milliseconds.</param>
/// <param name="Settlement">The settlement that it is in; null while it is in none.</param>
internal sealed record BatchRow(
    long Id, long Chain, ulong Number, Bytes32 Hash, Address Node, bool IsLink, Verdict Verdict, Refusal? Refusal, Address Collector,
    RecoverableSignature Signature, ulong FirstSequence, uint Count, uint Hidden, Sums Sums, long Received, long? Settlement)
{
    public ulong LastSequence => FirstSequence + Count - 1;

    /// <summary>What was answered.</summary>
    public Acknowledgement Acknowledgement => new()
    {
        Node = Node,
        Batch = Number,
        BatchHash = Hash,
        Verdict = Verdict,
        Reason = Refusal?.Reason ?? "",
    };
}
