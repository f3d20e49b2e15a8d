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

    /// <summary>Weights that share a scale of 32 bits, and the bits that a weight takes then: in the file, and in memory, where ONNX Runtime keeps another
    /// 32 bits for each block (of the model's 15.4 million blocks of 32, resident memory has 8 bytes each). In Q4_0 it is 32 that share one of 16 bits: 4.5.</summary>
    private static readonly (int Block, string InFile, string InMemory)[] _blocks = [(32, "5", "6"), (64, "4.5", "5"), (128, "4.25", "4.5")];

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Workspace workspace, Effort effort)
    {
        workspace.EnsureModel();
        await using var llama = await LlamaProcess.StartAsync(workspace);
        await using var bare = await BareProcess.StartAsync(workspace);
        await using var node = await Contestant.StartAsync(workspace, _blocks[0].Block, guesses: false);
        await using var medium = await Contestant.StartAsync(workspace, _blocks[1].Block, guesses: false);
        await using var large = await Contestant.StartAsync(workspace, _blocks[2].Block, guesses: false);
        await using var guessing = await Contestant.StartAsync(workspace, _blocks[0].Block, guesses: true);
        Contestant[] contestants = [node, medium, large, guessing];
        int[] everyone = [llama.ProcessId, bare.ProcessId, .. contestants.Select(one => one.ProcessId)];

        var (promptTokens, tokens) = (effort.Size(512, 200), effort.Size(128, 32));
        var (seed, prompt) = (FirstSeed, "");
        var (llamaSpeeds, llamaFirst) = (new List<double>(), new List<double>());
        var rounds = 2 * effort.Rounds;
        for (var round = -1; round < rounds; round++)
        {
            // A first token that only begins a character can't be sent before the second.
            do
            {
                prompt = await bare.PromptAsync(++seed, promptTokens);
            }
            while (!(await bare.RunAsync(prompt, 1)).FirstIsText);

            await Stillness.OfAsync(everyone);
            var run = await llama.RunAsync(seed, promptTokens, tokens);
            foreach (var contestant in contestants)
            {
                await Stillness.OfAsync(everyone);
                await contestant.AnswerAsync(prompt, tokens);
            }

            if (round < 0)
            {
                Array.ForEach(contestants, one => one.Forget());   // caches, connections and compiled code are warm now
                continue;
            }

            llamaSpeeds.Add((run.Tokens - 1) / (run.Total - run.ToFirst).TotalSeconds);
            llamaFirst.Add(run.ToFirst.TotalSeconds);
        }

        var how = $"{rounds} rounds; greedy, {promptTokens} prompt and {tokens} new tokens, {Environment.ProcessorCount} threads each; llama.cpp ({LlamaLibraries.Package}, "
            + $"its {llama.Variant} library, default settings, threads kept) has random weights of the same dimensions in Q4_0, head included, and is called in its own process; "
            + "the published node is asked over HTTP, which counts";
        var decoding = how + "; from the first token to the last, at the node's client from the first text to the last, without guesses (`inference.guesses` 0): each token is computed by itself in both";
        var prefill = how + "; time to the first token, at the node's client from sending the request to the first text";
        List<Figure> figures = [];
        foreach (var ((block, inFile, inMemory), one) in _blocks.Zip(contestants))
        {
            var with = $"node with blocks of {block} ({inFile} bits a weight in the file, {inMemory} in memory) / llama.cpp (4.5 in both)";
            var (speeds, firsts) = (one.Speeds.Zip(llamaSpeeds, (n, l) => n / l), llamaFirst.Zip(one.First, (l, n) => l / n));
            figures.Add(Figure.AtLeast(DecodeTarget, $"one stream's decoding, {with}", speeds, Unit.Times, decoding));
            figures.Add(Figure.AtLeast(PrefillTarget, $"one prompt's prefill, {with}", firsts, Unit.Times, prefill));
        }

        return
        [
            .. figures,
            Figure.Plain("one stream's decoding, llama.cpp", llamaSpeeds, Unit.TokensPerSecond, "as above"),
            Figure.Plain($"one stream's decoding, node with blocks of {_blocks[0].Block}", node.Speeds, Unit.TokensPerSecond, "as above"),
            Figure.Plain(
                $"one stream's decoding, node with blocks of {_blocks[0].Block} and guesses / llama.cpp", guessing.Speeds.Zip(llamaSpeeds, (g, l) => g / l), Unit.Times,
                "the node's default settings, in the same rounds; what guesses bring is up to the text, and random weights' says nothing of others"),
            Figure.Plain($"prefill, llama.cpp, {promptTokens} tokens of prompt", llamaFirst, Unit.Milliseconds, "as above"),
            Figure.Plain($"prefill, node with blocks of {_blocks[0].Block}, {promptTokens} tokens of prompt", node.First, Unit.Milliseconds, "as above"),
        ];
    }

    /// <summary>A published node with a model in blocks of one size, and what was measured of it.</summary>
    private sealed class Contestant(RunningNode node, TemporaryFolder state, string model) : IAsyncDisposable
    {
        /// <summary>Tokens a second after the first text.</summary>
        public List<double> Speeds { get; } = [];

        /// <summary>Seconds to the first text.</summary>
        public List<double> First { get; } = [];

        public int ProcessId => node.ProcessId;

        public static async Task<Contestant> StartAsync(Workspace workspace, int block, bool guesses)
        {
            var model = workspace.EnsureModel(block);
            var state = workspace.NewFolder();
            var settings = new Dictionary<string, string> { ["OFFLM_INFERENCE_ENGINE"] = "direct" };
            if (guesses)
            {
                settings["OFFLM_INFERENCE_GUESSES"] = "8";
            }

            return new Contestant(await RunningNode.StartAsync(workspace, state.Path, settings), state, model);
        }

        public async Task AnswerAsync(string prompt, int tokens)
        {
            var answer = await node.Client.AskAsync(new Question(prompt, tokens) { Model = model });
            Speeds.Add((answer.Tokens - 1) / (answer.LastText - answer.FirstText).TotalSeconds);
            First.Add(answer.FirstText.TotalSeconds);
        }

        public void Forget()
        {
            Speeds.Clear();
            First.Clear();
        }

        public async ValueTask DisposeAsync()
        {
            await node.DisposeAsync();
            state.Dispose();
        }
    }
}
