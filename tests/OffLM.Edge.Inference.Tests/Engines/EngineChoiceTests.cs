using OffLM.Edge.Inference.Tests.Support;
using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Engines;

/// <summary>Which engine a model gets, and that a model that is not for the direct one still answers.</summary>
public sealed class EngineChoiceTests(TinyModel tiny) : IClassFixture<TinyModel>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(EngineChoice.Auto, "onnxruntime-direct")]
    [InlineData(EngineChoice.GenAi, "onnxruntime-genai")]
    [InlineData(EngineChoice.Direct, "onnxruntime-direct")]
    public void The_engine_is_the_one_that_was_chosen(EngineChoice choice, string name)
    {
        using var engine = EngineLoader.Load(tiny.Folder, new ModelHostOptions { Engine = choice, Threads = 1 });

        Assert.Equal((name, "CPU", null), (engine.Description.Name, engine.Description.Provider, engine.Description.Fallback));
    }

    [Theory]
    [InlineData(true, true, false)]
    [InlineData(false, false, false)]
    [InlineData(false, true, false)]
    [InlineData(true, true, true)]
    [InlineData(false, false, true)]
    public void Models_of_every_kind_that_the_forge_writes_are_computed_directly(bool prune, bool tied, bool standard)
    {
        var model = Forged(ModelRecipe.Tiny with { Prune = prune, Tied = tied, Standard = standard });
        using var theirs = GenAiEngine.Load(model, 1);
        using var ours = DirectEngine.Load(model, new DirectOptions(1, 2, 1L << 30));
        using var expected = theirs.CreateSlot(100);
        using var slot = ours.CreateSlot(100);
        var prompt = TinyModel.Prompt(30);
        expected.Prefill(prompt);
        slot.Prefill(prompt.AsSpan(0, 20));
        slot.Prefill(prompt.AsSpan(20));

        Assert.Equal(LogitMath.IndexOf(expected.Logits, LogitMath.Max(expected.Logits)), LogitMath.IndexOf(slot.Logits, LogitMath.Max(slot.Logits)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_context_of_any_length_can_be_filled_to_its_last_token(bool standard)
    {
        using var engine = DirectEngine.Load(Forged(ModelRecipe.Tiny with { Context = 300, Standard = standard }), new DirectOptions(1, 3, 1L << 30));
        using var first = engine.CreateSlot(300);
        using var between = engine.CreateSlot(300);
        using var last = engine.CreateSlot(300);
        first.Prefill(TinyModel.Prompt(240));
        between.Prefill(TinyModel.Prompt(250));
        last.Prefill(TinyModel.Prompt(240));
        while (between.Length < 300)
        {
            engine.Step([first, between, last], [5, 6, 7]);
        }

        // The one between them has no room to be computed along.
        while (first.Length < 300)
        {
            engine.Step([first, last], [5, 7]);
        }

        Assert.Equal((300, 300, 300), (first.Length, between.Length, last.Length));
    }

    [Theory]
    [InlineData("MultiHeadXAttention", "its graph has the operator MultiHeadXAttention")]
    [InlineData("SomethingElse_Query", "its graph has no GroupQueryAttention")]
    public void A_graph_with_another_attention_is_left_to_GenAI(string other, string reason)
    {
        var model = Forged(ModelRecipe.Tiny);
        var graph = Path.Combine(model, "model.onnx");
        var bytes = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(graph));
        File.WriteAllBytes(graph, System.Text.Encoding.Latin1.GetBytes(bytes.Replace("GroupQueryAttention", other, StringComparison.Ordinal)));

        Assert.Equal(reason, Assert.Throws<UnknownGraphException>(() => DirectEngine.Load(model, new DirectOptions(1, 2, 1L << 30))).Message);
    }

    [Fact]
    public void A_graph_that_does_not_heed_the_mask_is_left_to_GenAI()
    {
        var model = Forged(ModelRecipe.Tiny with { Standard = true });
        var graph = Path.Combine(model, "model.onnx");
        var bytes = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(graph));
        File.WriteAllBytes(graph, System.Text.Encoding.Latin1.GetBytes(bytes.Replace(Bytes(-10_000), Bytes(0), StringComparison.Ordinal)));

        Assert.Equal(
            "its graph does not heed the attention mask and positions as expected",
            Assert.Throws<UnknownGraphException>(() => DirectEngine.Load(model, new DirectOptions(1, 2, 1L << 30))).Message);

        // What is added to the scores of tokens that may not be seen.
        static string Bytes(float bias) => System.Text.Encoding.Latin1.GetString(BitConverter.GetBytes(bias));
    }

    [Fact]
    public void A_model_that_is_left_to_GenAI_answers_and_says_why()
    {
        var model = Forged(ModelRecipe.Tiny);
        var config = Path.Combine(model, "genai_config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace(
            "\"decoder\"", "\"vision\": {\"filename\": \"\"}, \"decoder\"", StringComparison.Ordinal));

        using var engine = EngineLoader.Load(model, new ModelHostOptions { Engine = EngineChoice.Direct, Threads = 1 });

        Assert.Equal(("onnxruntime-genai", "not computed directly: it has a vision part beside the decoder"), (engine.Description.Name, engine.Description.Fallback));
        using var slot = engine.CreateSlot(20);
        slot.Prefill([1, 2, 3]);
        Assert.Equal(engine.VocabularySize, slot.Logits.Length);
    }

    [Theory]
    [InlineData("context_length", int.MaxValue)]
    [InlineData("context_length", -1)]
    [InlineData("num_hidden_layers", 1_000_000_000)]
    [InlineData("num_hidden_layers", -1)]
    [InlineData("head_size", int.MinValue)]
    public void A_configuration_of_an_impossible_size_is_told(string name, int value)
    {
        foreach (var choice in new[] { EngineChoice.Direct, EngineChoice.GenAi })
        {
            var error = Assert.Throws<ModelLoadException>(() => EngineLoader.Load(Configured(name, value), new ModelHostOptions { Engine = choice, Threads = 1 }));

            Assert.Contains($"{name} is {value}, which is not between 0 and", error.Message);
        }
    }

    [Theory]
    [InlineData("num_hidden_layers", false)]
    [InlineData("num_hidden_layers", true)]
    [InlineData("num_key_value_heads", true)]
    [InlineData("head_size", true)]
    public void A_decoder_without_a_cache_is_left_to_GenAI(string name, bool standard)
    {
        var model = Configured(name, 0, standard);

        var error = Assert.Throws<UnknownGraphException>(() => DirectEngine.Load(model, new DirectOptions(1, 2, 1L << 30)));

        Assert.Equal("its genai_config.json describes a decoder without a cache", error.Message);
    }

    [Fact]
    public void A_graph_whose_part_is_longer_than_can_be_is_left_to_GenAI()
    {
        var model = Forged(ModelRecipe.Tiny);
        File.WriteAllBytes(Path.Combine(model, "model.onnx"), [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]);

        Assert.Equal(
            "its model.onnx can't be read as ONNX",
            Assert.Throws<UnknownGraphException>(() => DirectEngine.Load(model, new DirectOptions(1, 2, 1L << 30))).Message);
    }

    [Theory]
    [InlineData(EngineChoice.Direct, "custom_ops_library")]
    [InlineData(EngineChoice.GenAi, "custom_ops_library")]
    [InlineData(EngineChoice.GenAi, "custom\\u005fops_library")]
    [InlineData(EngineChoice.GenAi, "trt_extra_plugin_lib_paths")]
    public void A_model_that_wants_machine_code_to_be_loaded_is_refused(EngineChoice choice, string setting)
    {
        var model = Forged(ModelRecipe.Tiny);
        var config = Path.Combine(model, "genai_config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace(
            "\"decoder\"", $$$"""
            "vision": {"pipeline": [{"session_options": {"{{{setting}}}": "evil.so"}}]}, "decoder"
            """, StringComparison.Ordinal));

        var error = Assert.Throws<ModelLoadException>(() => EngineLoader.Load(model, new ModelHostOptions { Engine = choice, Threads = 1 }));

        Assert.Contains("wants a library of machine code to be loaded", error.Message);
        Assert.DoesNotContain(_folder.Root, error.Message);
    }

    [Fact]
    public void A_graph_that_is_no_graph_is_told()
    {
        var model = Forged(ModelRecipe.Tiny);
        File.WriteAllText(Path.Combine(model, "model.onnx"), "not a graph");

        var error = Assert.Throws<ModelLoadException>(() => EngineLoader.Load(model, new ModelHostOptions { Engine = EngineChoice.Direct }));

        Assert.StartsWith("the engine refuses its files", error.Message);
        Assert.DoesNotContain(_folder.Root, error.Message);
    }

    [Fact]
    public void A_graph_whose_weights_are_missing_is_told_without_its_place()
    {
        var model = Forged(ModelRecipe.Tiny);
        File.Delete(Path.Combine(model, "model.onnx.data"));

        var error = Assert.Throws<ModelLoadException>(() => DirectEngine.Load(model, new DirectOptions(1, 2, 1L << 30)));

        Assert.StartsWith("the engine refuses its files", error.Message);
        Assert.DoesNotContain(_folder.Root, error.Message);
    }

    /// <summary>A model whose configuration has another number.</summary>
    private string Configured(string name, int value, bool standard = false)
    {
        var model = Forged(ModelRecipe.Tiny with { Standard = standard });
        var config = Path.Combine(model, "genai_config.json");
        File.WriteAllText(config, System.Text.RegularExpressions.Regex.Replace(File.ReadAllText(config), $"\"{name}\": [0-9]+", $"\"{name}\": {value}"));
        return model;
    }

    private string Forged(ModelRecipe recipe)
    {
        var folder = _folder.Path("model");
        Forge.Write(folder, recipe);
        return folder;
    }
}
