using OffLM.Edge.Bench.Bare;
using OffLM.Edge.Bench.Figures;
using OffLM.Edge.Bench.Nodes;

namespace OffLM.Edge.Bench.Parts;

/// <summary>What the service costs while tokens come.</summary>
internal static class DecodePart
{
    private const int PromptTokens = 32;

    /// <summary>A prompt is asked once only: the node would reuse what it computed for the first.</summary>
    private const int SpeedSeeds = 10_000;

    /// <summary>What the service may take of a decode step.</summary>
    private const double ShareLimit = 0.01;

    private static readonly IReadOnlyList<(int Streams, Choice Choice, string Name)> Cases =
    [
        (1, Choice.Greedy, "one stream, greedy"),
        (1, Choice.OpenAiDefault, "one stream, OpenAI's default sampling"),
        (1, Choice.OllamaDefault, "one stream, Ollama's default sampling"),
        (4, Choice.OpenAiDefault, "four streams, OpenAI's default sampling"),
    ];

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Workspace workspace, Effort effort)
    {
        workspace.EnsureModel();
        using var state = workspace.NewFolder();
        await using var bare = await BareProcess.StartAsync(workspace);
        await using var node = await RunningNode.StartAsync(workspace, state.Path);
        var tokens = effort.Size(128, 32);
        return [.. await SharesAsync(effort, bare, node.Client, tokens), .. await SpeedAsync(effort, bare, node.Client, tokens)];
    }

    private static async Task<IEnumerable<Figure>> SharesAsync(Effort effort, BareProcess bare, NodeClient client, int tokens)
    {
        var shares = Cases.Select(_ => new List<double>()).ToList();
        for (var round = -1; round < effort.Rounds; round++)
        {
            for (var i = 0; i < Cases.Count; i++)
            {
                var prompts = new List<string>();
                for (var stream = 0; stream < Cases[i].Streams; stream++)
                {
                    prompts.Add(await bare.PromptAsync((((round + 1) * Cases.Count) + i) * 10 + stream, PromptTokens));
                }

                // The first request loads the model, and only then does it have times.
                await client.AskAsync(new Question(prompts[0], 1));
                var before = await client.DecodeTimesAsync();
                await Task.WhenAll(prompts.Select(prompt => client.AskAsync(new Question(prompt, tokens, Cases[i].Choice))));
                if (round >= 0)
                {
                    shares[i].Add((await client.DecodeTimesAsync()).ShareSince(before));
                }
            }
        }

        return Cases.Select((c, i) => Figure.AtMost(
            ShareLimit, $"the service's share of a decode step, {c.Name}", shares[i], Unit.Percent,
            $"between two engine calls / all of the decode loop's busy time, from the published node's own counters (`/metrics`); {tokens} tokens a stream after {PromptTokens} of prompt"));
    }

    private static async Task<IEnumerable<Figure>> SpeedAsync(Effort effort, BareProcess bare, NodeClient client, int tokens)
    {
        string prompt = "";
        var generated = 0;
        var speeds = await Alternation.RunAsync(
            effort.Rounds,
            async round =>
            {
                prompt = await bare.PromptAsync(SpeedSeeds + round, PromptTokens);
                var run = await bare.RunAsync(prompt, tokens);
                generated = run.Tokens;
                return run.TokensPerSecond;
            },
            async _ =>
            {
                var answer = await client.AskAsync(new Question(prompt, generated));
                return answer.Tokens / answer.LastText.TotalSeconds;
            });
        var how = $"greedy, {PromptTokens} prompt and {tokens} new tokens, from the request to the last token";
        return
        [
            Figure.Plain("speed over HTTP / bare GenAI", speeds.Ratios, Unit.Percent, how + "; the same prompts, libraries and threads, each in a process of its own"),
            Figure.Plain("speed of bare GenAI", speeds.Baseline, Unit.TokensPerSecond, how + ", making the generator included"),
            Figure.Plain("speed over HTTP", speeds.Ours, Unit.TokensPerSecond, how + ", seen by a streaming client of the published node"),
        ];
    }
}
