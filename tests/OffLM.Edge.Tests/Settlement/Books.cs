using System.Globalization;
using System.Numerics;
using System.Text.Json;
using OffLM.Edge.Metering;
using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.Settlement;

/// <summary>What a ledger holds, all of it settled.</summary>
internal sealed record LedgerTotals(ulong Receipts, BigInteger Fees, ulong Batches);

/// <summary>The node's books and the collector's, which must say the same.</summary>
internal static class Books
{
    /// <summary>True once every receipt is signed and every batch has its verdict.</summary>
    public static bool AreClosed(string ledger)
    {
        using var reader = LedgerReader.Open(ledger);
        return reader.Summary().Open == 0 && reader.Outbox().Unsettled == 0;
    }

    /// <summary>Adds up a ledger in which everything must be settled, without a gap.</summary>
    public static LedgerTotals Settled(string ledger)
    {
        using var reader = LedgerReader.Open(ledger);
        var (next, fees) = (1ul, BigInteger.Zero);
        for (var page = reader.From(next); page.Count > 0; page = reader.From(next))
        {
            foreach (var stored in page)
            {
                Assert.Equal(next++, stored.Sequence);
                Assert.Equal(BatchState.Settled, reader.BatchOf(stored.Sequence)!.State);
                fees += stored.Receipt!.Fee;
            }
        }

        return new(next - 1, fees, reader.Summary().Batches);
    }

    /// <summary>The collector's report of its only node.</summary>
    public static async Task<JsonElement> ReportAsync(CollectorSetup collector) =>
        Assert.Single((await FleetAsync(collector, "report")).GetProperty("nodes").EnumerateArray().ToList());

    /// <summary>The collector's books hold just this, by themselves and when every batch is checked anew.</summary>
    public static async Task CheckAsync(CollectorSetup collector, LedgerTotals totals)
    {
        var node = await ReportAsync(collector);
        Assert.Equal(
            (totals.Batches, totals.Receipts, totals.Fees, 0ul, 0ul),
            (node.GetProperty("batches").GetUInt64(), node.GetProperty("receipts").GetUInt64(), Amount(node.GetProperty("fees")), node.GetProperty("refused").GetUInt64(), node.GetProperty("pending").GetUInt64()));
        await VerifyAsync(collector, totals.Receipts);
    }

    /// <summary>The collector's evidence holds, and proves so many receipts.</summary>
    public static async Task VerifyAsync(CollectorSetup collector, ulong receipts)
    {
        var verified = await FleetAsync(collector, "verify");
        Assert.True(verified.GetProperty("ok").GetBoolean());
        Assert.Equal(receipts, verified.GetProperty("receipts").GetUInt64());
    }

    /// <summary>The incidents that the collector shows.</summary>
    public static async Task<IReadOnlyList<JsonElement>> IncidentsAsync(CollectorSetup collector) =>
        [.. (await FleetAsync(collector, "nodes", "incidents")).EnumerateArray()];

    private static async Task<JsonElement> FleetAsync(CollectorSetup collector, params string[] command) =>
        (await Command.RunAsync(PublishedProgram.Fleet, [.. command, "--json", "--db", collector.Database])).Succeeded().Json;

    private static BigInteger Amount(JsonElement text) => BigInteger.Parse(text.GetString()!, CultureInfo.InvariantCulture);
}
