using OffLM.Edge.Signing;
using OffLM.Fleet.Reports;
using OffLM.Fleet.Settlements;
using OffLM.Fleet.Store;
using OffLM.Fleet.Tests.Support;

namespace OffLM.Fleet.Tests.Reports;

/// <summary>Whatever is changed behind the collector's back is found and named.</summary>
public sealed class StoreVerifierTests : IDisposable
{
    private readonly TestBook _book = new();
    private readonly TestNode _node = new("a");

    public StoreVerifierTests()
    {
        BookState.Introduce(_book);
        TestBook.Settled(_book.Take(_node.Next()));
        TestBook.Refused(_book.Take(_node.Next(batch: b => b with { Fees = 1 })));
        var third = _node.Next();
        TestBook.Settled(_book.Take(third));
        _ = _node.Next();
        Assert.Empty(_book.Take(_node.Next()));
        Settle();
        TestBook.Settled(_book.Take(new TestNode("b").Next()));
        _node.RestoreTo(third);
        _node.Batches = 0;
        TestBook.Refused(_book.Take(_node.Next()));
    }

    [Fact]
    public void A_whole_database_holds()
    {
        var verified = BookState.AssertHolds(_book.Database);
        Assert.Equal((3L, 9L, 2L, 1L), (verified.Batches, verified.Receipts, verified.Refused, verified.Settlements));
    }

    [Theory]
    [InlineData("UPDATE batches SET verdict = 1, kind = 0, reason = '' WHERE number = 2", "batch 2: it was settled; judged by its evidence it is refused (fees: ")]
    [InlineData("UPDATE batches SET verdict = 2, kind = 5, reason = 'fees: x.' WHERE number = 3", "batch 3: it was refused (fees: x); judged by its evidence it is settled")]
    [InlineData("UPDATE batches SET reason = 'fees: other.' WHERE number = 2", "its acknowledgement is not signed by this database's collector")]
    [InlineData("DELETE FROM collectors", "its acknowledgement is not signed by this database's collector")]
    [InlineData("UPDATE batches SET count = 4 WHERE number = 3", "batch 3: its evidence is of another batch")]
    [InlineData("UPDATE evidence SET message = x'00' WHERE id = 1", "batch 1: its evidence is of another batch")]
    [InlineData("UPDATE evidence SET message = (SELECT message FROM evidence WHERE id = 3) WHERE id = 1", "batch 1: its evidence is of another batch")]
    [InlineData("DELETE FROM evidence WHERE id = 1", "batch 1: its evidence is missing")]
    [InlineData("DELETE FROM batches WHERE number = 2", "batch 2: it is missing; the next is 3")]
    [InlineData("DELETE FROM batches WHERE number = 2", "1 pieces of evidence belong to no batch")]
    [InlineData("UPDATE batches SET hidden = 0 WHERE number = 3", "batch 3: its stored sums are not those of its evidence")]
    [InlineData("UPDATE batches SET link = 0 WHERE number = 3", "stands beside its chain, but was not refused for that")]
    [InlineData("UPDATE chains SET sequence = 100", "the chain is said to stand at batch 3 and receipt 100; by its batches it is at 3 and 9")]
    [InlineData("DELETE FROM requests WHERE request = (SELECT min(request) FROM requests)", "requests are remembered; its settled batches have")]
    [InlineData("DELETE FROM totals WHERE hidden = 1", "the totals lack 2 receipts and 0 atto of hidden receipts")]
    [InlineData("UPDATE totals SET day = day + 1 WHERE hidden = 0", "which no settled batch has")]
    [InlineData("UPDATE totals SET sums = (SELECT sums FROM totals WHERE hidden = 1) WHERE hidden = 0", "the settled batches have")]
    [InlineData("UPDATE pending SET number = 7", "it waits for its predecessor, but its message is not its own")]
    [InlineData("UPDATE batches SET settlement = NULL WHERE number = 3", "settlement 1 is not that of its batches")]
    [InlineData("UPDATE batches SET settlement = NULL", "settlement 1 has no batches")]
    [InlineData("UPDATE settlements SET signature = (SELECT signature FROM batches WHERE id = 1)", "settlement 1 is not signed by this database's collector")]
    [InlineData("UPDATE chains SET hash = x'00'", "Checking stopped here")]
    public void What_was_changed_is_named(string sql, string finding)
    {
        _book.Database.Connection.Execute(sql);
        var verified = StoreVerifier.Verify(_book.Database, CancellationToken.None);
        Assert.False(verified.Holds);
        Assert.Contains(verified.Findings, f => f.ToString().Contains(finding, StringComparison.Ordinal));
    }

    public void Dispose() => _book.Dispose();

    private void Settle() => Assert.NotNull(new Settler(_book.Database, _book.Time).Close(new Notary(_book.Key), TypedDomain.TestNetwork));
}
