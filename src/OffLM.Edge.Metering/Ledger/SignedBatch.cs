using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>A batch whose signature was found to be its node's.</summary>
internal sealed record SignedBatch(ReceiptBatch Batch, Bytes32 Hash, RecoverableSignature Signature, TypedDomain Domain)
{
    /// <summary>Reads the columns that are signed or sign; null if they don't prove each other.</summary>
    public static SignedBatch? Read(byte[] body, byte[] signature, long chain, byte[] contract)
    {
        try
        {
            var batch = TypedStruct.FromBytes<ReceiptBatch>(body);
            var signed = new SignedBatch(batch, TypedStruct.Hash(batch), new(signature), TypedDomain.Receipts((ulong)chain, new(contract)));
            return signed.Signature.Recover(signed.Domain.Digest(signed.Hash)) == batch.Node ? signed : null;
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            return null;
        }
    }
}
