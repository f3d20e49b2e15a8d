using System.Numerics;
using OffLM.Fleet.Reports;
using OffLM.Fleet.Tests.Support;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Tests.Reports;

/// <summary>The figures that operators read.</summary>
public sealed class ReportTests : IDisposable
{
    private readonly TestBook _book = new();
    private readonly TestNode _node = new("a");
    private readonly List<SignedMessage> _settled = [];

    public ReportTests()
    {
        _settled.Add(_node.Next(9));
        _settled.Add(_node.Next(5, r => r with { StartedAt = r.StartedAt + TestNode.Day, Model = default }));
        _settled.ForEach(m => TestBook.Settled(_book.Take(m)));
        TestBook.Refused(_book.Take(_node.Next(batch: b => b with { Fees = 1 })));
        _ = _node.Next();
        Assert.Empty(_book.Take(_node.Next()));
        var other = new TestNode("b").Next(2);
        TestBook.Settled(_book.Take(other));
        _settled.Add(other);
    }

    [Fact]
    public void A_node_s_line_counts_what_was_settled_refused_and_waits()
    {
        var report = NodeReport.Read(_book.Database).Single(n => n.Node == _node.Address);
        var fees = _settled.Where(m => m.Batch.Node == _node.Address).Aggregate(BigInteger.Zero, (sum, m) => sum + m.Batch.Fees);
        Assert.Equal(new NodeReport(_node.Address, 2, 14, 4, fees, 1, 1), report);
    }

    [Theory]
    [InlineData(Grouping.Payer, 2)]
    [InlineData(Grouping.Builder, 3)]
    [InlineData(Grouping.Model, 3)]
    [InlineData(Grouping.Day, 3)]
    [InlineData(Grouping.Node, 2)]
    [InlineData(Grouping.Tariff, 2)]
    public void Every_grouping_adds_up_to_the_same_whole(object by, int groups)
    {
        var report = GroupReport.Read(_book.Database, (Grouping)by);
        Assert.Equal(groups, report.Count);
        Assert.Equal(16, report.Aggregate(BigInteger.Zero, (sum, g) => sum + g.Sums[Figure.Receipts]));
        Assert.Equal(4, report.Aggregate(BigInteger.Zero, (sum, g) => sum + g.Hidden));
        Assert.Equal(_settled.Aggregate(BigInteger.Zero, (sum, m) => sum + m.Batch.Fees), report.Aggregate(BigInteger.Zero, (sum, g) => sum + g.Sums[Figure.Fees]));
        foreach (var group in report)
        {
            Assert.Equal(group.Sums[Figure.Fees], Sum(group.Sums, Figure.Provider, Figure.Platform));
            Assert.Equal(group.Sums[Figure.Platform], Sum(group.Sums, Figure.PlatformProviders, Figure.PlatformTreasury));
        }
    }

    [Fact]
    public void Groups_are_named_by_what_they_are()
    {
        Assert.Equal([TestNode.Party("payer").ToString(), "hidden"], GroupReport.Read(_book.Database, Grouping.Payer).Select(g => g.Key));
        Assert.Equal([TestNode.Party("builder").ToString(), "hidden", "none"], GroupReport.Read(_book.Database, Grouping.Builder).Select(g => g.Key));
        Assert.Equal(["2024-10-04", "2024-10-05", "hidden"], GroupReport.Read(_book.Database, Grouping.Day).Select(g => g.Key));
    }

    [Fact]
    public void A_day_beyond_the_calendar_is_still_a_day()
    {
        var wild = new TestNode("wild");
        TestBook.Settled(_book.Take(wild.Next(1, r => r with { StartedAt = ulong.MaxValue })));
        Assert.Contains(GroupReport.Read(_book.Database, Grouping.Day), g => g.Key == "day 213503982334");
    }

    [Fact]
    public void Csv_has_a_heading_and_quotes_what_needs_it()
    {
        Assert.Equal("a,\"b,c\",\"d\"\"e\",\"f\ng\"\r\n", Csv.Format([["a", "b,c", "d\"e", "f\ng"]]));
        var lines = Csv.Format(GroupReport.Rows(Grouping.Payer, GroupReport.Read(_book.Database, Grouping.Payer))).Split("\r\n");
        Assert.StartsWith("payer,hidden,receipts,promptTokens,", lines[0], StringComparison.Ordinal);
        Assert.Equal(4, lines.Length);
        Assert.All(lines.SkipLast(1), line => Assert.Equal(18, line.Split(',').Length));
    }

    [Fact]
    public void M23_A_batch_that_waits_for_long_is_shown_as_a_gap()
    {
        var at = _book.Time.Now;
        Assert.Null(Overview(at + TimeSpan.FromMinutes(9)).GapSince);
        Assert.Equal(at.ToUnixTimeMilliseconds(), Overview(at + TimeSpan.FromMinutes(11)).GapSince);
        Assert.Equal((3ul, 1L, 1L), (Overview(at).Tip!.Batch, Overview(at).Pending, Overview(at).Refused));
    }

    [Fact]
    public void What_happens_is_seen_by_who_watches()
    {
        using var reader = Fleet.Store.FleetDatabase.OpenReadOnly(_book.Path);
        var watcher = new FleetWatcher(reader);
        Assert.Empty(watcher.Next());
        var node = new TestNode("c");
        _book.Time.Now += TimeSpan.FromSeconds(1);
        _book.Take(node.Next());
        _book.Take(node.Next(batch: b => b with { Fees = 0 }));
        var presence = new Fleet.Store.PresenceTable(_book.Database.Connection);
        presence.SetState(node.Address, new("online", 1), 5);
        Assert.Equal(["fees", "online", "refused", "settled"], watcher.Next().Select(e => e.Kind).Order());
        Assert.Empty(watcher.Next());
    }

    public void Dispose() => _book.Dispose();

    private static BigInteger Sum(Sums sums, Figure first, Figure last)
    {
        var sum = BigInteger.Zero;
        for (var figure = first; figure <= last; figure++)
        {
            sum += sums[figure];
        }

        return sum;
    }

    private NodeOverview Overview(DateTimeOffset now) => NodeOverview.Read(_book.Database, now).Single(n => n.Node == _node.Address);
}
