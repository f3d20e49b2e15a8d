using System.Diagnostics;
using OffLM.Edge.Bench.Bare;
using OffLM.Edge.Bench.Figures;
using OffLM.Edge.Bench.Nodes;

namespace OffLM.Edge.Bench.Parts;

/// <summary>What several answers at once cost in speed together.</summary>
internal static class StreamsPart
{
    private const int PromptTokens = 32;
    private const int Streams = 4;

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Workspace workspace, Effort effort)
    {
        workspace.EnsureModel();
        using var state = workspace.NewFolder();
        await using var bare = await BareProcess.StartAsync(workspace);
        await using var node = await RunningNode.StartAsync(workspace, state.Path);
        var tokens = effort.Size(96, 32);
        var speeds = await Alternation.RunAsync(
            effort.Rounds,
            round => SpeedAsync(bare, node.Client, tokens, [(round + 1) * (Streams + 1)]),
            round => SpeedAsync(bare, node.Client, tokens, [.. Enumerable.Range(((round + 1) * (Streams + 1)) + 1, Streams)]));
        var how = $"greedy, {PromptTokens} prompt and {tokens} new tokens a stream, from the first request to the last token, seen by clients of the published node";
        return
        [
            Figure.AtLeast(0.95, "four streams' speed together / one stream's", speeds.Ratios, Unit.Percent, how),
            Figure.Plain("one stream's speed", speeds.Baseline, Unit.TokensPerSecond, how),
            Figure.Plain("four streams' speed together", speeds.Ours, Unit.TokensPerSecond, how),
        ];
    }

    private static async Task<double> SpeedAsync(BareProcess bare, NodeClient client, int tokens, int[] seeds)
    {
        var prompts = new List<string>();
        foreach (var seed in seeds)
        {
            prompts.Add(await bare.PromptAsync(seed, PromptTokens));
        }

        var begun = Stopwatch.GetTimestamp();
        var answers = await Task.WhenAll(prompts.Select(prompt => client.AskAsync(new Question(prompt, tokens))));
        return answers.Sum(answer => answer.Tokens) / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }
}
