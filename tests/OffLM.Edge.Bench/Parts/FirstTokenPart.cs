using OffLM.Edge.Bench.Bare;
using OffLM.Edge.Bench.Figures;
using OffLM.Edge.Bench.Nodes;

namespace OffLM.Edge.Bench.Parts;

/// <summary>What the service adds to the time until the first text.</summary>
internal static class FirstTokenPart
{
    /// <summary>The most that may be added.</summary>
    private const double LimitSeconds = 0.010;

    /// <summary>The scheduler's, so that a long prompt delays other answers by one piece only: a prompt's pieces are equally long.</summary>
    private const int LongestPiece = 256;

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Workspace workspace, Effort effort)
    {
        workspace.EnsureModel();
        using var state = workspace.NewFolder();
        await using var bare = await BareProcess.StartAsync(workspace);
        await using var node = await RunningNode.StartAsync(workspace, state.Path);
        var times = new List<Figure>();
        foreach (var (tokens, rounds) in new[] { (32, effort.Rounds * 3), (300, effort.Rounds * 2) })
        {
            times.AddRange(await MeasureAsync(bare, node.Client, tokens, rounds));
        }

        return times;
    }

    private static async Task<IEnumerable<Figure>> MeasureAsync(BareProcess bare, NodeClient client, int tokens, int rounds)
    {
        string prompt = "";
        var seed = tokens * 1000;
        var pieces = (tokens + LongestPiece - 1) / LongestPiece;
        var piece = (tokens + pieces - 1) / pieces;
        var times = await Alternation.RunAsync(
            rounds,
            async _ =>
            {
                // A first token that only begins a character can't be sent before the second.
                BareRun run;
                do
                {
                    prompt = await bare.PromptAsync(seed++, tokens);
                    run = await bare.RunAsync(prompt, 1, piece);
                }
                while (!run.FirstIsText);
                return run.ToFirst.TotalSeconds;
            },
            async _ => (await client.AskAsync(new Question(prompt, 16))).FirstText.TotalSeconds);
        var how = $"a new prompt each round; from sending the request to the first text at the client, tokenizing and the durable hold included; bare: making the generator, prefill in the same pieces of {piece}, first token";
        return
        [
            Figure.AtMost(LimitSeconds, $"time to first token over HTTP − bare, {tokens} tokens of prompt", times.Differences, Unit.Milliseconds, $"{rounds} pairs; {how}"),
            Figure.Plain($"bare time to first token, {tokens} tokens of prompt", times.Baseline, Unit.Milliseconds, "as above"),
            Figure.Plain($"time to first token over HTTP, {tokens} tokens of prompt", times.Ours, Unit.Milliseconds, "as above"),
        ];
    }
}
