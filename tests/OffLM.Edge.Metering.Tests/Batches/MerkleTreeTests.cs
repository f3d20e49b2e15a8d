using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Tests;

public sealed class MerkleTreeTests
{
    [Fact]
    public void Every_leaf_of_every_size_is_proven_and_no_other()
    {
        for (var size = 1; size <= 40; size++)
        {
            var leaves = Leaves(size);
            var tree = new MerkleTree(leaves);
            Assert.Equal(size, tree.LeafCount);
            for (var i = 0; i < size; i++)
            {
                Assert.Equal(tree.Root, MerkleTree.RootOf(leaves[i], tree.Proof(i)));
                Assert.NotEqual(tree.Root, MerkleTree.RootOf(Keccak256.Hash("other"u8), tree.Proof(i)));
            }
        }
    }

    [Fact]
    public void A_single_leaf_is_its_own_root()
    {
        var leaf = Keccak256.Hash("x"u8);
        Assert.Equal(leaf, new MerkleTree([leaf]).Root);
        Assert.Empty(new MerkleTree([leaf]).Proof(0));
    }

    [Fact]
    public void Order_counts()
    {
        var leaves = Leaves(5);
        var root = new MerkleTree(leaves).Root;
        (leaves[0], leaves[3]) = (leaves[3], leaves[0]);
        Assert.NotEqual(root, new MerkleTree(leaves).Root);
    }

    [Fact]
    public void No_leaves_and_places_outside_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new MerkleTree([]));
        var tree = new MerkleTree(Leaves(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => tree.Proof(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => tree.Proof(-1));
    }

    private static Bytes32[] Leaves(int count) => [.. Enumerable.Range(0, count).Select(i => Keccak256.Hash([(byte)i]))];
}
