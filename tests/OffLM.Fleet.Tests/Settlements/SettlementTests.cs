using OffLM.Edge;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Fleet.Settlements;
using OffLM.Fleet.Store;
using OffLM.Fleet.Tests.Support;

namespace OffLM.Fleet.Tests.Settlements;

/// <summary>Closing a period, and proving what is in it.</summary>
public sealed class SettlementTests : IDisposable
{
    private readonly TestBook _book = new();
    private readonly TestNode _node = new("a");

    [Fact]
    public void A_settlement_holds_all_settled_batches_once_and_is_signed()
    {
        var chain = _node.Chain(5);
        chain.ForEach(m => TestBook.Settled(_book.Take(m)));
        TestBook.Refused(_book.Take(_node.Next(batch: b => b with { Fees = 1 })));
        var first = Close()!;
        Assert.Equal((1ul, 5ul, 15ul, Bytes32.Zero), (first.Settlement.Number, first.Settlement.Batches, first.Settlement.Receipts, first.Settlement.Previous));
        Assert.Equal(chain.Aggregate(UInt128.Zero, (sum, m) => sum + m.Batch.Fees), first.Settlement.Fees);
        Assert.Equal(new MerkleTree([.. chain.Select(m => m.Hash)]).Root, first.Settlement.Root);
        Assert.Equal(_book.Key.Address, first.Signature.Recover(TypedDomain.TestNetwork.Digest(TypedStruct.Hash(first.Settlement))));
        Assert.Null(Close());

        TestBook.Settled(_book.Take(_node.Next()));
        var second = Close()!;
        Assert.Equal((2ul, 1ul, first.Hash), (second.Settlement.Number, second.Settlement.Batches, second.Settlement.Previous));
        BookState.Introduce(_book);
        Assert.Equal(2, BookState.AssertHolds(_book.Database).Settlements);
    }

    [Fact]
    public void Each_batch_s_proof_leads_to_the_signed_root()
    {
        var nodes = new[] { _node, new TestNode("b"), new TestNode("c") };
        foreach (var node in nodes)
        {
            node.Chain(4).ForEach(m => TestBook.Settled(_book.Take(m)));
        }

        var root = Close()!.Settlement.Root;
        foreach (var node in nodes)
        {
            for (var batch = 1ul; batch <= 4; batch++)
            {
                var proof = new Settler(_book.Database, _book.Time).Prove(node.Address, batch);
                Assert.Equal((1ul, root), (proof.Settlement, proof.Root));
                Assert.Equal(root, MerkleTree.RootOf(proof.Leaf, [.. proof.Proof]));
            }
        }
    }

    [Fact]
    public void What_is_in_no_settlement_has_no_proof()
    {
        TestBook.Settled(_book.Take(_node.Next()));
        Assert.Throws<CommandException>(() => new Settler(_book.Database, _book.Time).Prove(_node.Address, 1));
        Close();
        Assert.Throws<CommandException>(() => new Settler(_book.Database, _book.Time).Prove(_node.Address, 2));
    }

    public void Dispose() => _book.Dispose();

    private SettlementRow? Close() => new Settler(_book.Database, _book.Time).Close(new Notary(_book.Key), TypedDomain.TestNetwork);
}
