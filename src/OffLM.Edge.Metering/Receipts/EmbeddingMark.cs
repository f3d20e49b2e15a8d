using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Receipts;

/// <summary>What tells a receipt of embeddings from that of an answer that ended without a token: the extension is the struct hash of the EIP-712
/// type <c>Embeddings()</c>, which has no fields.</summary>
public static class EmbeddingMark
{
    /// <summary>keccak256(keccak256("Embeddings()")).</summary>
    public static Bytes32 Extension { get; } = Keccak256.Hash(Keccak256.Hash("Embeddings()"u8).AsSpan());
}
