using Google.Protobuf;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Mqtt.Contracts;

namespace OffLM.Edge.Network.Tests.Support;

/// <summary>Writes signed verdicts, true ones and false ones.</summary>
internal static class VerdictWriter
{
    /// <summary>The message of a verdict.</summary>
    public static async Task<byte[]> WriteAsync(
        ReceiptBatch batch, Verdict verdict = Verdict.Settled, string reason = "", ISigningKey? by = null, TypedDomain? domain = null, Bytes32? hash = null, Address? node = null)
    {
        var acknowledgement = new Acknowledgement
        {
            Node = node ?? batch.Node,
            Batch = batch.Batch,
            BatchHash = hash ?? TypedStruct.Hash(batch),
            Verdict = verdict,
            Reason = reason,
        };
        var digest = (domain ?? TypedDomain.TestNetwork).Digest(TypedStruct.Hash(acknowledgement));
        var signature = await (by ?? TestKeys.Collector).SignAsync(digest, default);
        return new AcknowledgementMessage
        {
            Node = ByteString.CopyFrom(acknowledgement.Node.AsSpan()),
            Batch = acknowledgement.Batch,
            BatchHash = ByteString.CopyFrom(acknowledgement.BatchHash.AsSpan()),
            Verdict = (uint)verdict,
            Reason = reason,
            Signature = ByteString.CopyFrom(signature.AsSpan()),
            LastSequence = batch.FirstSequence + batch.Count - 1,
        }.ToByteArray();
    }
}
