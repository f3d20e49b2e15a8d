using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Batches;

/// <summary>
/// A complete binary tree in an array, leaves from the end in reverse order, an inner node the Keccak-256 of its children,
/// smaller first: OpenZeppelin's <c>SimpleMerkleTree</c> with unsorted leaves.
/// </summary>
public sealed class MerkleTree
{
    private readonly Bytes32[] _nodes;

    /// <exception cref="ArgumentException">No leaves.</exception>
    public MerkleTree(ReadOnlySpan<Bytes32> leaves)
    {
        if (leaves.IsEmpty)
        {
            throw new ArgumentException("A Merkle tree needs at least one leaf.", nameof(leaves));
        }

        _nodes = new Bytes32[(2 * leaves.Length) - 1];
        for (var i = 0; i < leaves.Length; i++)
        {
            _nodes[^(i + 1)] = leaves[i];
        }

        for (var i = leaves.Length - 2; i >= 0; i--)
        {
            _nodes[i] = Combine(_nodes[(2 * i) + 1], _nodes[(2 * i) + 2]);
        }
    }

    public Bytes32 Root => _nodes[0];

    public int LeafCount => (_nodes.Length + 1) / 2;

    /// <summary>The siblings from a leaf up to the root.</summary>
    /// <param name="leaf">The leaf's place, from 0.</param>
    public Bytes32[] Proof(int leaf)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(leaf);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(leaf, LeafCount);
        var proof = new List<Bytes32>();
        for (var i = _nodes.Length - 1 - leaf; i > 0; i = (i - 1) / 2)
        {
            proof.Add(_nodes[i % 2 == 0 ? i - 1 : i + 1]);
        }

        return [.. proof];
    }

    /// <summary>The root that a leaf and its proof lead to.</summary>
    public static Bytes32 RootOf(Bytes32 leaf, ReadOnlySpan<Bytes32> proof)
    {
        foreach (var sibling in proof)
        {
            leaf = Combine(leaf, sibling);
        }

        return leaf;
    }

    private static Bytes32 Combine(in Bytes32 a, in Bytes32 b) => a.AsSpan().SequenceCompareTo(b.AsSpan()) <= 0
        ? Keccak256.Hash(a.AsSpan(), b.AsSpan())
        : Keccak256.Hash(b.AsSpan(), a.AsSpan());
}
