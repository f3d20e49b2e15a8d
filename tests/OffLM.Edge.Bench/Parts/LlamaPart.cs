using OffLM.Edge.Bench.Bare;
using OffLM.Edge.Bench.Figures;
using OffLM.Edge.Bench.Llama;
using OffLM.Edge.Bench.Nodes;

namespace OffLM.Edge.Bench.Parts;

/// <summary>One stream of the published node, asked over HTTP, against bare llama.cpp with a model of the same dimensions.</summary>
internal static class LlamaPart
{
    private const double DecodeTarget = 1.1;
    private const double PrefillTarget = 0.95;

    /// <summary>The first prompt's.</summary>
    private const int Seed = 60_000;

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Workspace workspace, Effort effort)
    {
        workspace.EnsureModel();
        await using var llama = await LlamaProcess.StartAsync(workspace);
        using var state = workspace.NewFolder();
        using var plainState = workspace.NewFolder();
        await using var bare = await BareProcess.StartAsync(workspace);
        await using var plain = await RunningNode.StartAsync(workspace, plainState.Path, NoGuesses);
        await using var node = await RunningNode.StartAsync(workspace, state.Path, new Dictionary<string, string>());

        var (promptTokens, tokens) = (effort.Size(512, 200), effort.Size(128, 32));
        var (prompt, seed) = ("", Seed);
        var (llamaFirst, first, guessing) = (new List<double>(), new List<double>(), new List<double>());
        var speeds = await Alternation.RunAsync(
            effort.Rounds,
            async round =>
            {
                // A first token that only begins a character can't be sent before the second.
                do
                {
                    prompt = await bare.PromptAsync(seed++, promptTokens);
                }
                while (!(await bare.RunAsync(prompt, 1)).FirstIsText);

                var run = await llama.RunAsync(seed, promptTokens, tokens);
                Add(llamaFirst, round, run.ToFirst.TotalSeconds);
                return (tokens - 1) / (run.Total - run.ToFirst).TotalSeconds;
            },
            async round =>
            {
                var answer = await plain.Client.AskAsync(new Question(prompt, tokens));
                Add(first, round, answer.FirstText.TotalSeconds);
                Add(guessing, round, Speed(await node.Client.AskAsync(new Question(prompt, tokens))));
                return Speed(answer);
            });

        var how = $"greedy, {promptTokens} prompt and {tokens} new tokens, a thread for each processor";
        return
        [
            Figure.AtLeast(DecodeTarget, "", speeds.Ratios, Unit.Times, how),
            Figure.AtLeast(PrefillTarget, "", llamaFirst.Zip(first, (l, n) => l / n), Unit.Times, how),
            Figure.Plain("g", guessing, Unit.TokensPerSecond, llama.Variant),
        ];
    }

    private static Dictionary<string, string> NoGuesses => new() { ["OFFLM_INFERENCE_GUESSES"] = "0" };

    private static void Add(List<double> values, int round, double value)
    {
        if (round >= 0)
        {
            values.Add(value);
        }
    }

    private static double Speed(StreamedAnswer answer) => (answer.Tokens - 1) / (answer.LastText - answer.FirstText).TotalSeconds;
}
