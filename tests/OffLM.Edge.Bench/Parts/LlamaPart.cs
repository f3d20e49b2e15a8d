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

    /// <summary>The first prompt's; no prompt is asked twice.</summary>
    private const int FirstSeed = 60_000;

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Workspace workspace, Effort effort)
    {
        workspace.EnsureModel();
        await using var llama = await LlamaProcess.StartAsync(workspace);
        using var state = workspace.NewFolder();
        using var guessingState = workspace.NewFolder();
        await using var bare = await BareProcess.StartAsync(workspace);
        await using var node = await RunningNode.StartAsync(workspace, state.Path, Settings(("OFFLM_INFERENCE_GUESSES", "0")));
        await using var guessing = await RunningNode.StartAsync(workspace, guessingState.Path, Settings());
        int[] everyone = [llama.ProcessId, bare.ProcessId, node.ProcessId, guessing.ProcessId];

        var (promptTokens, tokens) = (effort.Size(512, 200), effort.Size(128, 32));
        var (seed, prompt) = (FirstSeed, "");
        var (llamaFirst, nodeFirst, guessed) = (new List<double>(), new List<double>(), new List<double>());
        var decoding = await Alternation.RunAsync(
            effort.Rounds,
            async round =>
            {
                // A first token that only begins a character can't be sent before the second.
                do
                {
                    prompt = await bare.PromptAsync(++seed, promptTokens);
                }
                while (!(await bare.RunAsync(prompt, 1)).FirstIsText);

                await Stillness.OfAsync(everyone);
                var run = await llama.RunAsync(seed, promptTokens, tokens);
                Note(round, llamaFirst, run.ToFirst.TotalSeconds);
                return (run.Tokens - 1) / (run.Total - run.ToFirst).TotalSeconds;
            },
            async round =>
            {
                await Stillness.OfAsync(everyone);
                var answer = await node.Client.AskAsync(new Question(prompt, tokens));
                Note(round, nodeFirst, answer.FirstText.TotalSeconds);
                await Stillness.OfAsync(everyone);
                Note(round, guessed, DecodeSpeed(await guessing.Client.AskAsync(new Question(prompt, tokens))));
                return DecodeSpeed(answer);
            });

        var how = $"greedy, {promptTokens} prompt and {tokens} new tokens, {Environment.ProcessorCount} threads each; llama.cpp ({LlamaLibraries.Package}, "
            + $"its {llama.Variant} library, default settings, threads kept) has random weights of the same dimensions in Q4_0, head included, and is called in its own process; "
            + "the published node is asked over HTTP, which counts";
        return
        [
            Figure.AtLeast(
                DecodeTarget, "one stream's decoding, node / llama.cpp", decoding.Ratios, Unit.Times,
                how + "; from the first token to the last, at the node's client from the first text to the last, without guesses (`inference.guesses` 0): each token is computed by itself in both"),
            Figure.AtLeast(
                PrefillTarget, "one prompt's prefill, node / llama.cpp", llamaFirst.Zip(nodeFirst, (l, n) => l / n), Unit.Times,
                how + "; time to the first token, at the node's client from sending the request to the first text"),
            Figure.Plain("one stream's decoding, llama.cpp", decoding.Baseline, Unit.TokensPerSecond, "as above"),
            Figure.Plain("one stream's decoding, node", decoding.Ours, Unit.TokensPerSecond, "as above"),
            Figure.Plain(
                "one stream's decoding, node with guesses / llama.cpp", decoding.Baseline.Zip(guessed, (l, g) => g / l), Unit.Times,
                "the node's default settings, in the same rounds; what guesses bring is up to the text, and random weights' says nothing of others"),
            Figure.Plain($"prefill, llama.cpp, {promptTokens} tokens of prompt", llamaFirst, Unit.Milliseconds, "as above"),
            Figure.Plain($"prefill, node, {promptTokens} tokens of prompt", nodeFirst, Unit.Milliseconds, "as above"),
        ];
    }

    private static Dictionary<string, string> Settings(params (string Name, string Value)[] more)
    {
        var settings = more.ToDictionary(setting => setting.Name, setting => setting.Value);
        settings["OFFLM_INFERENCE_ENGINE"] = "direct";
        return settings;
    }

    private static void Note(int round, List<double> values, double value)
    {
        if (round >= 0)
        {
            values.Add(value);
        }
    }

    private static double DecodeSpeed(StreamedAnswer answer) => (answer.Tokens - 1) / (answer.LastText - answer.FirstText).TotalSeconds;
}
