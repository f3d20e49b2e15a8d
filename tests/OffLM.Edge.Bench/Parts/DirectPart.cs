using System.Diagnostics;
using System.Globalization;
using OffLM.Edge.Bench.Bare;
using OffLM.Edge.Bench.Figures;
using OffLM.Edge.Bench.Nodes;

namespace OffLM.Edge.Bench.Parts;

/// <summary>The direct engine beside GenAI's, and what several answers cost each other in it. Both in published nodes, asked over HTTP.</summary>
internal static class DirectPart
{
    private const int PromptTokens = 32;
    private const int ManyStreams = 8;
    private const int OtherStreams = 3;

    /// <summary>Seeds of one measurement's prompts, so that no prompt is asked twice.</summary>
    private const int SeedStep = 1_000;

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Workspace workspace, Effort effort)
    {
        workspace.EnsureModel();
        using var bareState = workspace.NewFolder();
        using var directState = workspace.NewFolder();
        await using var bare = await BareProcess.StartAsync(workspace);
        await using var genAi = await RunningNode.StartAsync(workspace, bareState.Path, Settings("genai"));
        await using var direct = await RunningNode.StartAsync(workspace, directState.Path, Settings("direct"));
        return
        [
            .. await OneStreamAsync(effort, bare, genAi.Client, direct.Client),
            .. await ManyStreamsAsync(effort, bare, direct.Client),
            .. await LongPromptAsync(effort, bare, direct.Client),
            .. await SecondTurnAsync(effort, bare, direct.Client),
        ];
    }

    private static async Task<IEnumerable<Figure>> OneStreamAsync(Effort effort, BareProcess bare, NodeClient genAi, NodeClient direct)
    {
        // Both compute with the same kernels: what is between them is less than the noise of a few rounds.
        var pairs = 3 * effort.Rounds;
        var (prompt, tokens) = (effort.Size(512, 200), effort.Size(128, 32));
        var first = (GenAi: new List<double>(), Direct: new List<double>());
        var speeds = await Alternation.RunAsync(
            pairs,
            async round => await DecodeSpeedAsync(genAi, await bare.PromptAsync(SeedStep + round, prompt), tokens, round < 0 ? null : first.GenAi),
            async round => await DecodeSpeedAsync(direct, await bare.PromptAsync(SeedStep + round, prompt), tokens, round < 0 ? null : first.Direct));
        var how = $"{pairs} pairs; greedy, the same {prompt} prompt and {tokens} new tokens for both nodes in turn, a thread for each processor; GenAI's memory as its library leaves it (`inference.hugePages` false)";
        return
        [
            Figure.AtLeast(1, "one stream's decoding, direct / GenAI", speeds.Ratios, Unit.Percent, how + "; from the first text to the last"),
            Figure.AtLeast(1, "one prompt's prefill, direct / GenAI", first.GenAi.Zip(first.Direct, (g, d) => g / d), Unit.Percent, how + "; time to the first text"),
            Figure.Plain("one stream's decoding, GenAI", speeds.Baseline, Unit.TokensPerSecond, "as above"),
            Figure.Plain("one stream's decoding, direct", speeds.Ours, Unit.TokensPerSecond, "as above"),
            Figure.Plain($"time to first token, direct, {prompt} tokens of prompt", first.Direct, Unit.Milliseconds, "as above"),
        ];
    }

    private static async Task<IEnumerable<Figure>> ManyStreamsAsync(Effort effort, BareProcess bare, NodeClient direct)
    {
        var tokens = effort.Size(96, 32);
        var speeds = await Alternation.RunAsync(
            effort.Rounds,
            round => TogetherAsync(bare, direct, tokens, [Seed(round, 0)]),
            round => TogetherAsync(bare, direct, tokens, [.. Enumerable.Range(Seed(round, 1), ManyStreams)]));
        var how = $"greedy, {PromptTokens} prompt and {tokens} new tokens a stream, from the first request to the last token";
        return
        [
            Figure.AtLeast(1.75, "eight streams' speed together / one stream's, direct", speeds.Ratios, Unit.Times, how),
            Figure.Plain("one stream's speed, direct", speeds.Baseline, Unit.TokensPerSecond, how),
            Figure.Plain("eight streams' speed together, direct", speeds.Ours, Unit.TokensPerSecond, how),
        ];

        static int Seed(int round, int stream) => (2 * SeedStep) + ((round + 1) * (ManyStreams + 1)) + stream;
    }

    /// <summary>The time between two texts of some streams while a long prompt is computed, against the same streams' by themselves.</summary>
    private static async Task<IEnumerable<Figure>> LongPromptAsync(Effort effort, BareProcess bare, NodeClient direct)
    {
        var (prompt, tokens) = (effort.Size(3_000, 600), effort.Size(96, 24));
        var (stretch, longest, slowdown) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < effort.Rounds; round++)
        {
            var seed = (3 * SeedStep) + (round * 4 * OtherStreams);
            var alone = await StreamsAsync(bare, direct, seed, tokens);
            var quick = await direct.AskAsync(new Question(await bare.PromptAsync(seed + (2 * OtherStreams), prompt), 1));
            var reading = direct.AskAsync(new Question(await bare.PromptAsync(seed + (2 * OtherStreams) + 1, prompt), 1));
            var meanwhile = await StreamsAsync(bare, direct, seed + OtherStreams, tokens);
            slowdown.Add((await reading).FirstText / quick.FirstText);
            var median = new Distribution(alone).Median;
            stretch.Add(new Distribution(meanwhile).Median / median);
            longest.Add(meanwhile.Order().ElementAt(meanwhile.Count * 95 / 100) / median);
        }

        var how = $"{OtherStreams} streams of {tokens} tokens, beside a prompt of {prompt} tokens / the same streams without it; between two texts at the client";
        return
        [
            Figure.AtMost(3, "95 of 100 gaps in other streams while a long prompt is computed / their median gap without it", longest, Unit.Times, how),
            Figure.Plain("the median gap in other streams while a long prompt is computed / without it", stretch, Unit.Times, how),
            Figure.Plain("a long prompt's time to first token beside other streams / alone", slowdown, Unit.Times, how),
        ];
    }

    private static async Task<IEnumerable<Figure>> SecondTurnAsync(Effort effort, BareProcess bare, NodeClient direct)
    {
        var prompt = effort.Size(2_000, 400);
        var shares = new List<double>();
        for (var round = 0; round < effort.Rounds; round++)
        {
            var text = await bare.PromptAsync((4 * SeedStep) + round, prompt);
            var first = await direct.AskAsync(new Question(text, 16));
            var second = await direct.AskAsync(new Question(text + " and what of the evening light", 16));
            shares.Add(second.FirstText / first.FirstText);
        }

        return [Figure.AtMost(0.1, "the second turn's time to first token / the first's", shares, Unit.Percent, $"{prompt} tokens of prompt, then a few more")];
    }

    /// <summary>Tokens a second after the first text.</summary>
    private static async Task<double> DecodeSpeedAsync(NodeClient client, string prompt, int tokens, List<double>? firstTexts)
    {
        var answer = await client.AskAsync(new Question(prompt, tokens));
        firstTexts?.Add(answer.FirstText.TotalSeconds);
        return (answer.Tokens - 1) / (answer.LastText - answer.FirstText).TotalSeconds;
    }

    private static async Task<double> TogetherAsync(BareProcess bare, NodeClient client, int tokens, int[] seeds)
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

    private static async Task<List<double>> StreamsAsync(BareProcess bare, NodeClient client, int seed, int tokens)
    {
        var questions = new List<Question>();
        for (var stream = 0; stream < OtherStreams; stream++)
        {
            questions.Add(new Question(await bare.PromptAsync(seed + stream, PromptTokens), tokens));
        }

        var answers = await Task.WhenAll(questions.Select(client.AskAsync));
        return [.. answers.SelectMany(answer => answer.Gaps)];
    }

    private static Dictionary<string, string> Settings(string engine) => new()
    {
        ["OFFLM_INFERENCE_ENGINE"] = engine,
        ["OFFLM_INFERENCE_MAX_ACTIVE"] = ManyStreams.ToString(CultureInfo.InvariantCulture),

        // ONNX Runtime by itself takes a thread a processor; GenAI has to be told.
        ["OFFLM_INFERENCE_THREADS"] = engine == "genai" ? Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture) : "0",

        // GenAI as it comes.
        ["OFFLM_INFERENCE_HUGE_PAGES"] = engine == "genai" ? "false" : "true",
    };
}
