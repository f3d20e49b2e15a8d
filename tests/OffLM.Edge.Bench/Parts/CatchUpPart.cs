using OffLM.Edge.Bench.Bare;
using OffLM.Edge.Bench.Figures;
using OffLM.Edge.Bench.Nodes;

namespace OffLM.Edge.Bench.Parts;

/// <summary>
/// What an answer feels of the node catching up with the network. The node has one processor for both; broker and collector, which are
/// elsewhere in a household, have another.
/// </summary>
internal static class CatchUpPart
{
    private const int PromptTokens = 32;
    private const string Processor = "0";

    /// <summary>Of gaps between texts: the longest that nearly nobody sees.</summary>
    private const double Rare = 0.95;

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Workspace workspace, Effort effort)
    {
        workspace.EnsureModel();
        var receipts = effort.Size(100_000, 10_000);
        var tokens = effort.Size(64, 16);
        await using var bare = await BareProcess.StartAsync(workspace);
        var (median, rare, settled) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = -1; round < effort.Rounds; round++)
        {
            await using var backlog = await BackloggedNode.StartAsync(
                workspace, receipts, isOnline: false, Processor, settings: new Dictionary<string, string> { ["OFFLM_INFERENCE_THREADS"] = "1" });
            var alone = await GapsAsync(bare, backlog.Node.Client, (round * 2) + 2, tokens);
            var waiting = backlog.Ledger.Outbox().Unsettled;
            backlog.Way.Listen();
            while (backlog.Ledger.Outbox().Unsettled == waiting)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20));
            }

            waiting = backlog.Ledger.Outbox().Unsettled;
            var beside = await GapsAsync(bare, backlog.Node.Client, (round * 2) + 3, tokens);
            if (round >= 0)
            {
                median.Add(Quantile(beside, 0.5) / Quantile(alone, 0.5));
                rare.Add(Quantile(beside, Rare) / Quantile(alone, Rare));
                settled.Add((waiting - backlog.Ledger.Outbox().Unsettled) / beside.Sum());
            }
        }

        var how = $"{tokens} tokens at a time, {receipts} receipts waiting; node and engine on one processor, broker and collector on the others";
        return
        [
            Figure.AtMost(1.1, "gap between tokens while catching up / offline, median", median, Unit.Times, how),
            Figure.AtMost(1.2, "gap between tokens while catching up / offline, 95th percentile", rare, Unit.Times, how),
            Figure.Plain("batches settled meanwhile", settled, Unit.PerSecond, how),
        ];
    }

    private static async Task<double[]> GapsAsync(BareProcess bare, NodeClient client, int seed, int tokens)
    {
        var prompt = await bare.PromptAsync(seed, PromptTokens);
        return [.. (await client.AskAsync(new Question(prompt, tokens))).Gaps.Order()];
    }

    private static double Quantile(double[] sorted, double share) => sorted[(int)((sorted.Length - 1) * share)];
}
