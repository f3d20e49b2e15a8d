using Google.Protobuf;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Mqtt.Contracts;

namespace OffLM.Fleet.Store;

/// <summary>A signed verdict to publish.</summary>
/// <param name="Topic">The node in the topic.</param>
/// <param name="Acknowledgement">What was signed.</param>
/// <param name="Signature">By the collector.</param>
/// <param name="LastSequence">The last receipt in the batch.</param>
internal sealed record Answer(string Topic, Acknowledgement Acknowledgement, RecoverableSignature Signature, ulong LastSequence)
{
    /// <summary>The stored answer to a batch.</summary>
    public static Answer To(BatchRow batch, string topic) => new(topic, batch.Acknowledgement, batch.Signature, batch.LastSequence);

    /// <summary>The message of topic <c>receipts/ack</c>.</summary>
    public byte[] ToMessage() => new AcknowledgementMessage
    {
        Node = ByteString.CopyFrom(Acknowledgement.Node.AsSpan()),
        Batch = Acknowledgement.Batch,
        BatchHash = ByteString.CopyFrom(Acknowledgement.BatchHash.AsSpan()),
        Verdict = (uint)Acknowledgement.Verdict,
        Reason = Acknowledgement.Reason,
        Signature = ByteString.CopyFrom(Signature.AsSpan()),
        LastSequence = LastSequence,
    }.ToByteArray();
}
