using OffLM.Edge.Inference.Interop.OnnxRuntime;
using OffLM.Edge.Inference.Tests.Support;
using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Embeddings;

/// <summary>Embeddings climb the ladder that answers climb: where the libraries of an accelerator are missing, as they are here, the CPU makes them.</summary>
public sealed class EmbeddingProviderTests(TinyEncoder tiny) : IClassFixture<TinyEncoder>
{
    private const string Missing = "libonnxruntime_providers_shared.so: cannot open shared object file: No such file or directory";
    private const int Width = 64;

    [Fact]
    public async Task Without_the_providers_libraries_the_CPU_makes_them_and_each_reason_is_told_as_long_as_the_model_is_loaded()
    {
        List<EngineDescription> told = [];
        var options = new ModelHostOptions { Threads = 1, Providers = [Rung("TensorRT"), Rung("CUDA"), Rung("CPU")], Loaded = (_, engine) => told.Add(engine) };
        await using var host = new ModelHost(tiny.Store, options, TimeProvider.System);
        using var lease = await host.AcquireAsync(EncoderRecipe.Tiny.Name, null, default, ModelUse.Embedding);
        var sequence = TinyModel.Prompt(9);
        lease.Embeddings.Reserve();
        var result = await lease.Embeddings.Start([sequence], Width).Completion;

        var engine = Assert.Single(host.Loaded).Engine;
        Assert.Equal(("onnxruntime-encoder", "CPU", null), (engine.Name, engine.Provider, engine.Placement));
        Assert.Equal(["TensorRT", "CUDA"], engine.Failed.Select(f => f.Provider));
        Assert.All(engine.Failed, f => Assert.Contains(Missing, f.Reason));
        Assert.All(engine.Failed, f => Assert.DoesNotContain(AppContext.BaseDirectory, f.Reason));
        Assert.Equal([engine], told);
        var expected = new ReferenceEncoder(EncoderRecipe.Tiny).Embedding(sequence);
        Assert.All(expected.Zip(result.Vectors), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    [Fact]
    public void A_rung_without_its_libraries_makes_the_same_vectors_as_the_CPU_alone()
    {
        using var engine = Load(Rung("CUDA"));
        var sequence = TinyModel.Prompt(30);

        Assert.Equal(Embed(tiny.Engine, sequence), Embed(engine, sequence));
        Assert.Empty(tiny.Engine.Description.Failed);
    }

    [Theory]
    [InlineData("CUDA", "enable_cuda_graph")]
    [InlineData("TensorRT", "trt_cuda_graph_enable")]
    public void A_setting_that_would_give_wrong_vectors_is_refused(string provider, string setting)
    {
        using var engine = Load(new ProviderRung(provider, new Dictionary<string, string> { [setting] = "1" }));

        Assert.Contains(engine.Description.Failed, f => f.Provider == provider && f.Reason.StartsWith($"{setting} can't be used: ", StringComparison.Ordinal));
        Assert.Equal("CPU", engine.Description.Provider);
    }

    [Fact]
    public void Nothing_is_tried_below_the_CPU()
    {
        using var engine = Load(Rung("CPU"), Rung("CUDA"));

        Assert.Equal("CPU", engine.Description.Provider);
        Assert.Empty(engine.Description.Failed);
    }

    [Fact]
    public void A_graph_that_no_provider_can_feed_is_refused_with_the_CPUs_reason()
    {
        var model = tiny.Store.Find(EncoderRecipe.Tiny.Name);
        var manifest = model.Manifest with { Embedding = model.Manifest.Embedding! with { Graph = "missing.onnx" } };

        var error = Assert.Throws<ModelLoadException>(() => EmbeddingEngine.Load(model.Folder, manifest, new EncoderOptions(1) { Providers = [Rung("CUDA")] }));

        Assert.Contains("missing.onnx", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(model.Folder, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_nodes_that_the_CPU_computes_are_counted()
    {
        using var options = new OrtSessionOptions();
        options.Set("session.record_ep_graph_assignment_info", "1");
        using var session = new OrtSession(Path.Combine(tiny.Store.Find(EncoderRecipe.Tiny.Name).Folder, "model.onnx"), options);

        var placement = session.CountNodes()!;

        Assert.InRange(placement.Nodes, 20, 80);
        Assert.Equal(placement.Nodes, placement.OnCpu);
    }

    [Fact]
    public void A_provider_that_computes_nothing_is_found_out_by_the_first_small_run()
    {
        using var options = new OrtSessionOptions();
        var settings = new EmbeddingSettings { Dimensions = Width, Vocabulary = 10, Pooling = Pooling.Mean };
        using var nothing = new EncoderInputs(new OrtSession(StubGraph.Write("input_ids", "last_hidden_state", Width), options), settings);

        Assert.Equal("its vectors are no numbers, or nothing but zeros", Assert.Throws<InferenceException>(() => nothing.Try(1)).Message);
    }

    /// <summary>What TensorRT compiles for, it must have the memory for, all lengths at their most.</summary>
    [Theory]
    [InlineData(64, 64, "input_ids:64x64,attention_mask:64x64,token_type_ids:64x64,position_ids:64x64")]
    [InlineData(512, 16, "input_ids:16x128,attention_mask:16x128,token_type_ids:16x128,position_ids:16x128")]
    [InlineData(8192, 1, "input_ids:1x128,attention_mask:1x128,token_type_ids:1x128,position_ids:1x128")]
    public void TensorRT_is_told_shapes_that_fit_the_context(int context, int rows, string usual)
    {
        var shapes = new EncoderShapes(context);

        Assert.Equal((rows, usual), (shapes.Rows, shapes.Usual));
        Assert.StartsWith("input_ids:1x1,attention_mask:1x1,", shapes.Least, StringComparison.Ordinal);
        Assert.StartsWith($"input_ids:{rows}x{context},attention_mask:{rows}x{context},", shapes.Most, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1024, 16, 16)]
    [InlineData(1024, int.MaxValue, 40)]
    [InlineData(30, 16, 3)]
    [InlineData(5, 16, 1)]
    public void A_batch_has_as_many_texts_as_fit_and_no_more_than_the_provider_takes(int tokens, int most, int texts)
    {
        var work = new Embedding([.. Enumerable.Repeat(TinyModel.Prompt(10), 40)], Width, 0, null, () => { });

        Assert.Equal(texts, work.NextPlaces(tokens, most).Length);
    }

    private static ProviderRung Rung(string name) => new(name, new Dictionary<string, string>());

    private static float[] Embed(EmbeddingEngine engine, int[] sequence)
    {
        using var options = new OrtRunOptions();
        var vector = new float[Width];
        engine.Embed([sequence], [0], vector, Width, options);
        return vector;
    }

    private EmbeddingEngine Load(params ProviderRung[] rungs)
    {
        var model = tiny.Store.Find(EncoderRecipe.Tiny.Name);
        return EmbeddingEngine.Load(model.Folder, model.Manifest, new EncoderOptions(Threads: 1) { Providers = rungs });
    }
}
