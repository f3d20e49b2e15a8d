using OffLM.Fleet.Store;
using OffLM.Fleet.Tests.Support;

namespace OffLM.Fleet.Tests.Store;

/// <summary>Whose batches settle.</summary>
public sealed class TrustTests
{
    private readonly TestNode _node = new("a");

    [Fact]
    public void M26_A_node_that_is_not_trusted_is_refused_and_judged_anew_once_it_is()
    {
        using var book = new TestBook(trustOnFirstUse: false);
        var message = _node.Next();
        Assert.StartsWith("unknown node: ", TestBook.Refused(book.Take(message)), StringComparison.Ordinal);
        Assert.Equal(0, book.Batches.LastId());
        Assert.Equal("unknown node", Assert.Single(book.Incidents.Of(_node.Address)).Kind);
        book.Trust(_node.Address);
        TestBook.Settled(book.Take(message));
    }

    [Fact]
    public void Trust_on_first_use_takes_whoever_begins_a_chain()
    {
        using var book = new TestBook();
        var chain = _node.Chain(2);
        Assert.Empty(book.Take(chain[1]));
        Assert.Equal(2, book.Take(chain[0]).Count);
        Assert.Equal(Trust.FirstUse, book.Nodes.Find(_node.Address)!.Trust);
    }

    [Fact]
    public void A_node_whose_trust_was_withdrawn_is_refused_and_its_settled_batches_stay_settled()
    {
        using var book = new TestBook();
        var chain = _node.Chain(2);
        TestBook.Settled(book.Take(chain[0]));
        book.Database.Write(() => book.Nodes.SetTrust(_node.Address, Trust.Withdrawn, 0));
        Assert.StartsWith("unknown node: ", TestBook.Refused(book.Take(chain[1])), StringComparison.Ordinal);
        TestBook.Settled(book.Take(chain[0]));
        book.Database.Write(() => book.Nodes.SetTrust(_node.Address, Trust.Given, 0));
        TestBook.Settled(book.Take(chain[1]));
    }

    [Fact]
    public void Strangers_batches_wait_in_bounded_numbers()
    {
        using var book = new TestBook();
        var chain = _node.Chain(PendingTable.LimitPerStranger + 3, 1);
        foreach (var message in chain.Skip(1))
        {
            Assert.Empty(book.Take(message));
        }

        Assert.Equal(PendingTable.LimitPerStranger, book.Pending.Count(_node.Address));
        Assert.Contains(book.Incidents.Of(_node.Address), i => i.Kind == "crowded");
        Assert.Equal(PendingTable.LimitPerStranger + 1, book.Take(chain[0]).Count);
    }

    [Fact]
    public void A_trusted_node_s_batches_wait_in_larger_but_bounded_numbers()
    {
        using var book = new TestBook();
        var chain = _node.Chain(PendingTable.LimitPerNode + 4, 1);
        book.Take(chain[0]);
        foreach (var message in chain.Skip(2))
        {
            Assert.Empty(book.Take(message));
        }

        Assert.Equal(PendingTable.LimitPerNode, book.Pending.Count(_node.Address));
        Assert.Equal(PendingTable.LimitPerNode + 1, book.Take(chain[1]).Count);
        chain.TakeLast(2).ToList().ForEach(message => TestBook.Settled(book.Take(message)));
    }

    [Fact]
    public void A_replaced_key_goes_on_with_the_chain_only_where_that_was_declared()
    {
        using var book = new TestBook(trustOnFirstUse: false);
        book.Trust(_node.Address);
        var chain = _node.Chain(2);
        chain.ForEach(message => TestBook.Settled(book.Take(message)));
        var (replacement, third) = (Successor("b", _node), Successor("c", _node));
        var message = replacement.Next();
        Assert.StartsWith("unknown node: ", TestBook.Refused(book.Take(message)), StringComparison.Ordinal);

        var row = book.Database.Write(() => book.Nodes.AddContinuing(replacement.Address, book.Nodes.Find(_node.Address)!, 0));
        TestBook.Settled(book.Take(message));
        TestBook.Settled(book.Take(replacement.Next()));

        // The old key is no way back, not even for who has it.
        (_node.Batches, _node.Previous, _node.NextSequence) = (replacement.Batches, replacement.Previous, replacement.NextSequence);
        Assert.StartsWith("key: ", TestBook.Refused(book.Take(_node.Next())), StringComparison.Ordinal);

        // A key that was replaced before it signed anything is stepped over.
        var unused = new TestNode("unused");
        var middle = book.Database.Write(() => book.Nodes.AddContinuing(unused.Address, row, 0));
        book.Database.Write(() => book.Nodes.AddContinuing(third.Address, middle, 0));
        (third.Batches, third.Previous, third.NextSequence) = (replacement.Batches, replacement.Previous, replacement.NextSequence);
        TestBook.Settled(book.Take(third.Next()));
    }

    private static TestNode Successor(string name, TestNode old) =>
        new(name) { Batches = old.Batches, Previous = old.Previous, NextSequence = old.NextSequence };
}
