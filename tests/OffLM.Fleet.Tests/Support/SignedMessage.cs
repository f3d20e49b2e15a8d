using Google.Protobuf;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Mqtt.Contracts;

namespace OffLM.Fleet.Tests.Support;

/// <summary>A batch as its node sends it, and what it was made of.</summary>
internal sealed record SignedMessage(ReceiptBatch Batch, IReadOnlyList<Receipt> Receipts, BatchMessage Message)
{
    public Bytes32 Hash { get; } = TypedStruct.Hash(Batch);

    public byte[] Bytes => Message.ToByteArray();

    /// <summary>The node in its topic.</summary>
    public string Topic => Batch.Node.ToLowerString();

    /// <summary>The message, changed on its way.</summary>
    public byte[] Tampered(Action<BatchMessage> change)
    {
        var copy = Message.Clone();
        change(copy);
        return copy.ToByteArray();
    }
}
