using System.Buffers.Binary;
using OffLM.Edge.Inference.Interop.OnnxRuntime;
using OffLM.Edge.Inference.Tests.Support;
using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Engines;

public sealed class DecoderHeadTests : IDisposable
{
    /// <summary>So many that blocks' largest are worth a node.</summary>
    private const int Vocabulary = 32 * 1024;

    private readonly TemporaryFolder _folder = new();

    public DecoderHeadTests() => InferenceLibraries.Load();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void Scores_come_with_each_blocks_largest_and_are_those_of_the_graph_as_it_was_written(bool prune, bool tied)
    {
        var folder = Forged(prune, tied);
        using var theirs = GenAiEngine.Load(folder, threads: 1);
        using var engine = Load(folder);
        Assert.Equal(8, engine.MaxDraft);
        var prompt = TinyModel.Prompt(300);
        using var expected = theirs.CreateSlot(400);
        using var slot = engine.CreateSlot(400);
        using var other = engine.CreateSlot(400);
        other.Prefill(TinyModel.Prompt(20, 5));
        expected.Prefill(prompt);
        slot.Prefill(prompt);
        AssertSame(expected, slot);

        for (var token = 5; token < 12; token++)
        {
            // Alone, and among others.
            expected.Step(token);
            if (token % 2 == 0)
            {
                slot.Step(token);
            }
            else
            {
                engine.Step([other, slot], [3, token]);
                AssertMaxima(other);
            }

            AssertSame(expected, slot);
        }

        slot.Verify([20, 21, 22]);
        expected.Step(20);
        AssertSame(expected, slot);
        slot.Accept();
        expected.Step(21);
        AssertSame(expected, slot);

        // A piece whose scores nobody wants, before one whose are.
        slot.Prefill([40, 41, 42], scores: false);
        Assert.Throws<InvalidOperationException>(() => slot.Logits.Length);
        slot.Prefill([43]);
        expected.Prefill([40, 41, 42, 43]);
        AssertSame(expected, slot);
        slot.Prefill([30, 31]);
        expected.Prefill([30, 31]);
        AssertSame(expected, slot);
    }

    [Fact]
    public void A_graph_of_16_bit_floats_computes_wanted_scores_only_and_gives_no_maxima()
    {
        var folder = _folder.Path("half");
        Forge.Write(folder, ModelRecipe.Tiny with { Vocabulary = Vocabulary, TokenizerVocabulary = 1024, Half = true });
        using var theirs = GenAiEngine.Load(folder, threads: 1);
        using var engine = Load(folder);
        using var expected = theirs.CreateSlot(100);
        using var slot = engine.CreateSlot(100);
        expected.Prefill(TinyModel.Prompt(50));
        slot.Prefill(TinyModel.Prompt(30), scores: false);
        slot.Prefill(TinyModel.Prompt(50).AsSpan(30));
        AssertNear(expected, slot);

        slot.Verify([20, 21]);
        slot.Accept();
        expected.Step(20);
        expected.Step(21);
        AssertNear(expected, slot);
        Assert.False(engine.GivesMaxima);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_graph_that_stays_as_it_is_gives_the_last_of_all_scores(bool half)
    {
        var folder = _folder.Path($"whole-{half}");
        Forge.Write(folder, ModelRecipe.Tiny with { Prune = false, Half = half });
        using var engine = Load(folder);
        using var expected = engine.CreateSlot(100);
        expected.Prefill(TinyModel.Prompt(50));
        var settings = DecoderSettings.Read(folder);
        using var options = new OrtSessionOptions();
        using var run = new OrtRunOptions();
        var type = half ? OrtElementType.Float16 : OrtElementType.Float;
        using var decoder = new DirectDecoder(new OrtSession(Path.Combine(folder, settings.FileName), options), settings, type, 2, 100, engine.VocabularySize);
        using var scores = new ScoreMemory(1, engine.VocabularySize, withMaxima: false);

        // More tokens than a step has, and then few.
        decoder.Prefill(1, 0, TinyModel.Prompt(40), scores.Rows, wanted: true, run);
        decoder.Prefill(1, 40, TinyModel.Prompt(50).AsSpan(40), scores.Rows, wanted: true, run);

        Assert.All(expected.Logits.ToArray().Zip(scores.Rows.Logits.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 0.05f));
    }

    [Fact]
    public unsafe void Each_blocks_largest_comes_where_it_is_wanted_though_the_scores_stay_where_they_were()
    {
        var folder = Forged(prune: true, tied: false);
        using var options = new OrtRunOptions();
        var opener = new DecoderOpener(
            folder, GraphKind.SharedCache, DecoderSettings.Read(folder), GenAiSettings.Read(folder), new DirectOptions(Threads: 1, Rows: 1, CacheBytes: 1L << 30));
        using var decoder = opener.Open(new ProviderRung(ProviderRung.Cpu, new Dictionary<string, string>())).Decoder;
        var (logits, before, maxima) = (new float[Vocabulary], new float[LogitBlocks.CountOf(Vocabulary)], new float[LogitBlocks.CountOf(Vocabulary)]);
        fixed (float* scores = logits, first = before, second = maxima)
        {
            decoder.Prefill(0, 0, [1, 2, 3], new ScoreRows(scores, Vocabulary, first), wanted: true, options);
            decoder.Prefill(0, 0, [4, 5], new ScoreRows(scores, Vocabulary, second), wanted: true, options);
        }

        Assert.Equal(logits.Chunk(LogitBlocks.Size).Select(block => block.Max()), maxima);
    }

    [Theory]
    [InlineData(13, false)]
    [InlineData(21, true)]
    public void A_head_without_rounded_weights_is_changed_too_in_any_version_of_the_standard(int version, bool packed)
    {
        var path = Product(version, packed);
        var changed = DecoderHead.Change(path, "logits", Vocabulary);
        Assert.NotNull(changed);
        using var options = new OrtSessionOptions();
        using var session = new OrtSession(changed, options);
        float[] hidden = [1, -2, 0.5f, 3, -1, 2];

        var (logits, maxima) = Run(session, hidden, [0, 2]);

        var expected = new[] { 0, 2 }.SelectMany(token => Enumerable.Range(0, Vocabulary).Select(i => (hidden[token * 2] * Weight(0, i)) + (hidden[(token * 2) + 1] * Weight(1, i)))).ToArray();
        Assert.Equal(expected, logits);
        Assert.Equal(expected.Chunk(LogitBlocks.Size).Select(block => block.Max()), maxima);
    }

    [Fact]
    public void A_graph_whose_end_is_unknown_is_left_as_it_is()
    {
        var path = Product(21, packed: true, head: "Softmax");

        Assert.Null(DecoderHead.Change(path, "logits", Vocabulary - 1));
        Assert.Null(DecoderHead.Change(path, "scores", 1000));
        Assert.Null(DecoderHead.Change(Product(21, packed: true, input: ""), "logits", Vocabulary - 1));
        File.WriteAllText(path, "no model");
        Assert.Null(DecoderHead.Change(path, "logits", Vocabulary));
        Assert.Null(DecoderHead.Change(path + ".none", "logits", Vocabulary));
    }

    private static float Weight(int row, int column) => ((column * (row + 7)) % 101) / 8f;

    private static DirectEngine Load(string folder) => DirectEngine.Load(folder, new DirectOptions(Threads: 1, Rows: 3, CacheBytes: 1L << 30));

    private static void AssertSame(ISlot expected, ISlot slot)
    {
        AssertNear(expected, slot);
        AssertMaxima(slot);
    }

    private static void AssertNear(ISlot expected, ISlot slot)
    {
        var (theirs, ours) = (expected.Logits.ToArray(), slot.Logits.ToArray());
        Assert.Equal(theirs.Length, ours.Length);
        Assert.All(theirs.Zip(ours), pair => Assert.Equal(pair.First, pair.Second, 0.05f));
    }

    private static void AssertMaxima(ISlot slot) => Assert.Equal(slot.Logits.ToArray().Chunk(LogitBlocks.Size).Select(block => block.Max()), slot.Maxima.ToArray());

    private static unsafe (float[] Logits, float[] Maxima) Run(OrtSession session, float[] hidden, long[] wanted)
    {
        using var binding = session.CreateBinding();
        using var run = new OrtRunOptions();
        var (logits, maxima) = (new float[wanted.Length * Vocabulary], new float[wanted.Length * Vocabulary / LogitBlocks.Size]);
        fixed (float* at = hidden, scores = logits, largest = maxima)
        fixed (long* places = wanted)
        {
            using var input = OrtTensor.Over(at, 1, hidden.Length / 2, 2);
            using var choice = OrtTensor.Over(places, wanted.Length);
            using var output = OrtTensor.Over(scores, 1, wanted.Length, Vocabulary);
            using var blocks = OrtTensor.Over(largest, 1, wanted.Length, Vocabulary / LogitBlocks.Size);
            binding.Input(new OrtName("hidden"), input);
            binding.Input(new OrtName(DecoderHead.Wanted), choice);
            binding.Output(new OrtName("logits"), output);
            binding.Output(new OrtName(DecoderHead.Maxima), blocks);
            session.Run(binding, run);
        }

        return (logits, maxima);
    }

    private string Forged(bool prune, bool tied)
    {
        var folder = _folder.Path($"{prune}-{tied}");
        Forge.Write(folder, ModelRecipe.Tiny with { Vocabulary = Vocabulary, TokenizerVocabulary = 1024, Prune = prune, Tied = tied });
        return folder;
    }

    /// <summary>The file of a graph that is a head alone: two numbers a token, times a matrix.</summary>
    private string Product(int version, bool packed, string head = "MatMul", string input = "hidden")
    {
        var bytes = new byte[2 * Vocabulary * sizeof(float)];
        for (var i = 0; i < 2 * Vocabulary; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), Weight(i / Vocabulary, i % Vocabulary));
        }

        // A list's numbers lie in one field or in a field each.
        var weights = packed ? new OnnxMessage().Bytes(1, [2, 0x80, 0x80, 2]) : new OnnxMessage().Number(1, 2).Number(1, Vocabulary);
        weights.Number(2, OnnxMessage.Float).Text(8, "weights").Bytes(9, bytes);
        var node = head == "MatMul" ? OnnxMessage.Node(head, "logits", input, "weights") : OnnxMessage.Node(head, "logits", input);
        var graph = new OnnxMessage()
            .Message(1, node)
            .Text(2, "head")
            .Message(5, weights)
            .Message(11, OnnxMessage.Value("hidden", OnnxMessage.Float, OnnxMessage.Named("batch"), OnnxMessage.Named("tokens"), OnnxMessage.Fixed(2)))
            .Message(12, OnnxMessage.Value("logits", OnnxMessage.Float, OnnxMessage.Named("batch"), OnnxMessage.Named("tokens"), OnnxMessage.Fixed(Vocabulary)));
        var path = _folder.Path($"head-{version}.onnx");
        File.WriteAllBytes(path, new OnnxMessage().Number(1, 7).Message(7, graph).Message(8, new OnnxMessage().Text(1, "").Number(2, version)).ToArray());
        return path;
    }
}
