using Google.Protobuf;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Mqtt.Contracts;

namespace OffLM.Edge.Network.Verdicts;

/// <summary>A collector's verdict as it came; who signed it shows only once the batch's network is known.</summary>
/// <param name="Acknowledgement">What was signed.</param>
/// <param name="Signature">By whom is to be found out.</param>
/// <param name="LastSequence">The batch's last receipt, as the collector says; not signed.</param>
internal sealed record SignedVerdict(Acknowledgement Acknowledgement, RecoverableSignature Signature, ulong LastSequence)
{
    /// <summary>Reads a message. Anybody may have sent it, so nothing of it is taken for granted.</summary>
    /// <param name="payload">An <see cref="AcknowledgementMessage"/>, or anything else.</param>
    /// <param name="problem">What is wrong with it; null if it is well-formed.</param>
    /// <returns>Null if it is malformed.</returns>
    public static SignedVerdict? Read(ReadOnlySpan<byte> payload, out string? problem)
    {
        AcknowledgementMessage message;
        try
        {
            message = AcknowledgementMessage.Parser.ParseFrom(payload);
        }
        catch (InvalidProtocolBufferException)
        {
            problem = "it is no acknowledgement message";
            return null;
        }

        problem = message switch
        {
            { Node.Length: not Address.Size } => $"the node's address has {message.Node.Length} bytes",
            { BatchHash.Length: not Bytes32.Size } => $"the batch's hash has {message.BatchHash.Length} bytes",
            { Batch: 0 or > long.MaxValue } => $"there can be no batch {message.Batch}",
            { Verdict: not ((uint)Verdict.Settled or (uint)Verdict.Refused) } => $"there is no verdict {message.Verdict}",
            { Signature: var s } when s.Length != RecoverableSignature.Size || s[^1] is not (27 or 28) => "the signature is not 65 bytes that end in 27 or 28",
            _ => null,
        };
        return problem is null ? Of(message) : null;
    }

    /// <summary>The address whose key signed this for a network; null if no key could have.</summary>
    public Address? Signer(TypedDomain domain) => Signature.Recover(domain.Digest(TypedStruct.Hash(Acknowledgement)));

    private static SignedVerdict Of(AcknowledgementMessage message) => new(
        new Acknowledgement
        {
            Node = new(message.Node.Span),
            Batch = message.Batch,
            BatchHash = new(message.BatchHash.Span),
            Verdict = (Verdict)message.Verdict,
            Reason = message.Reason,
        },
        new(message.Signature.Span),
        message.LastSequence);
}
