using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Settlements;

/// <summary>A settlement as it is stored.</summary>
/// <param name="Settlement">What was signed.</param>
/// <param name="Hidden">Receipts in it that came only as leaves.</param>
/// <param name="Sums">Of all its batches.</param>
/// <param name="Collector">Who signed.</param>
/// <param name="Signature">In the collector's network.</param>
internal sealed record SettlementRow(Settlement Settlement, ulong Hidden, Sums Sums, Address Collector, RecoverableSignature Signature)
{
    public Bytes32 Hash { get; } = TypedStruct.Hash(Settlement);
}

/// <summary>That a batch is in a settlement: for OpenZeppelin's <c>MerkleProof</c>.</summary>
/// <param name="Settlement">The settlement's number.</param>
/// <param name="Index">The batch's place in it, from 0.</param>
/// <param name="Leaf">The batch's struct hash.</param>
/// <param name="Proof">The siblings on the way up.</param>
/// <param name="Root">What they lead to.</param>
internal sealed record SettlementProof(ulong Settlement, int Index, Bytes32 Leaf, IReadOnlyList<Bytes32> Proof, Bytes32 Root);
