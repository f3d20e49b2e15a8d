using OffLM.Edge.Tests.Harness;
using Xunit.Abstractions;

namespace OffLM.Edge.Tests.Settlement;

/// <summary>Weeks without a network: 20,000 receipts wait, 100,000 with <c>OFFLM_TEST_ALL</c>.</summary>
public sealed class BacklogTests(ITestOutputHelper output)
{
    /// <summary>What sending may take beside the node itself, however much waits: its window of messages, twice, and what a garbage collector leaves.</summary>
    private const long MaxMoreKilobytes = 64 * 1024;

    private static int Receipts => Environment.GetEnvironmentVariable("OFFLM_TEST_ALL") is { Length: > 0 } ? 100_000 : 20_000;

    [Fact]
    public async Task A_month_of_receipts_settles_in_bounded_memory_while_the_node_answers()
    {
        await using var fleet = await SettlingFleet.PrepareAsync();
        await Backlog.WriteAsync(fleet.State, Receipts);
        var usual = await UsualMemoryAsync();
        var waiting = fleet.Outbox();
        Assert.Equal((ulong)Receipts, waiting.UnsettledReceipts);

        await fleet.StartCollectorAsync();
        await fleet.StartNodeAsync();
        var answers = 0;
        do
        {
            await fleet.AskAsync(1);
            answers++;
        }
        while (fleet.Outbox().Oldest is { } oldest && oldest.Batch <= waiting.Unsettled);

        var totals = await fleet.SettledExactlyOnceAsync();
        var most = fleet.Node.ProcStatus("VmHWM");
        output.WriteLine($"{totals.Receipts} receipts in {totals.Batches} batches; {answers} answers meanwhile; at most {most} kB, usually {usual} kB.");
        Assert.Equal((ulong)(Receipts + answers), totals.Receipts);
        Assert.True(answers > 1, "No question was answered before the backlog was settled.");
        Assert.True(most < usual + MaxMoreKilobytes, $"The node took {most} kB; without a backlog it takes {usual} kB.");
    }

    /// <summary>The most that a node takes that has answered a question and has nothing to send, in kB.</summary>
    private static async Task<long> UsualMemoryAsync()
    {
        await using var node = await PublishedNode.StartAsync();
        await node.Http.AskAsync();
        return node.ProcStatus("VmHWM");
    }
}
