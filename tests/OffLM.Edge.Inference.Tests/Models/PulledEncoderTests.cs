using System.Text;
using OffLM.Edge.Inference.Interop.OnnxRuntime;
using OffLM.Edge.Inference.Tests.Support;
using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Models;

/// <summary>Models that make embeddings, as most are published: in the layout of sentence-transformers, with BERT's tokenizer.</summary>
public sealed class PulledEncoderTests : PullTests
{
    private const string Normalizer = """{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true}""";

    protected override void Serve()
    {
        Forge.Write(Source.Path("m"), EncoderRecipe.Tiny);
        foreach (var file in Directory.GetFiles(Source.Path("m"), "model.onnx*"))
        {
            Server.Add("onnx/" + Path.GetFileName(file), File.ReadAllBytes(file), large: true);
        }

        Add("tokenizer.json", TinyWordPiece.Json(Normalizer));
        Add("config.json", $$"""{"model_type": "bert", "hidden_size": {{EncoderRecipe.Tiny.Hidden}}, "vocab_size": {{EncoderRecipe.Tiny.Vocabulary}}, "max_position_embeddings": 512}""");
        Add("sentence_bert_config.json", """{"max_seq_length": 64, "do_lower_case": false}""");
        AddModules("Normalize");
        Add("1_Pooling/config.json", """{"word_embedding_dimension": 64, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": false}""");
        Add("README.md", "---\nlicense: apache-2.0\n---\n# A model");
        Add("pytorch_model.bin", "the same weights again");
        Add("onnx/model_O4.onnx", "and again");
    }

    [Fact]
    public async Task It_comes_with_what_it_needs_and_makes_embeddings_as_it_says()
    {
        var model = await PullAsync();

        var manifest = model.Manifest;
        Assert.Equal(("apache-2.0", "bert", 64), (manifest.License, manifest.Family, manifest.Context));
        Assert.Equal(["embedding"], manifest.Capabilities);
        Assert.DoesNotContain(manifest.Files.Keys, file => file is "pytorch_model.bin" or "onnx/model_O4.onnx");
        var settings = manifest.Embedding!;
        Assert.Equal(("onnx/model.onnx", EncoderRecipe.Tiny.Hidden, Pooling.Mean, true), (settings.Graph, settings.Dimensions, settings.Pooling, settings.Normalize));
        Assert.Equal([2], settings.Begin);
        Assert.Equal([3], settings.End);

        using var engine = EmbeddingEngine.Load(model.Folder, manifest, new EncoderOptions(Threads: 1));
        Assert.Equal(engine.Encode("bad cab , abc"), engine.Encode("Bád CAB,abc"));
        Assert.Equal(5, engine.Encode("Bád CAB,abc!").Length);
        Assert.NotEqual(Embed(engine, "bad cab"), Embed(engine, "cab bad"));
        Assert.Equal(1, Embed(engine, "bad cab").Sum(x => x * x), 1e-4);
    }

    [Theory]
    [InlineData("bert", 512)]
    [InlineData("xlm-roberta", 510)]
    public async Task A_text_is_never_longer_than_the_graph_has_positions(string family, int context)
    {
        Add("config.json", $$"""{"model_type": "{{family}}", "hidden_size": {{EncoderRecipe.Tiny.Hidden}}, "vocab_size": 1024, "max_position_embeddings": 512, "pad_token_id": 1}""");
        Add("sentence_bert_config.json", """{"max_seq_length": 514}""");

        Assert.Equal(context, (await PullAsync()).Manifest.Context);
    }

    [Fact]
    public async Task A_repository_with_a_manifest_of_ours_is_taken_as_it_is()
    {
        Server.Files.Clear();
        foreach (var file in Directory.GetFiles(Source.Path("m")))
        {
            Server.Add(Path.GetFileName(file), File.ReadAllBytes(file));
        }

        Assert.Equal(EncoderRecipe.Tiny.Name, (await PullAsync()).Name);
    }

    [Theory]
    [InlineData("Dense", "pooling_mode_mean_tokens", "has a step Dense")]
    [InlineData("Normalize", "pooling_mode_max_tokens", "by pooling_mode_max_tokens")]
    public async Task What_this_box_cannot_compute_is_said_and_not_kept(string step, string pooling, string problem)
    {
        AddModules(step);
        Add("1_Pooling/config.json", $$"""{"{{pooling}}": true}""");

        Assert.Contains(problem, (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message);
        Assert.Empty(Store.List());
    }

    [Theory]
    [InlineData("modules.json", """[{"type": null}]""")]
    [InlineData("modules.json", """[{"type": "sentence_transformers.models.Pooling", "path": null}]""")]
    [InlineData("tokenizer.json", """{"post_processor": {"type": "BertProcessing", "cls": [], "sep": []}}""")]
    [InlineData("tokenizer.json", """{"post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": null}}]}}""")]
    public async Task A_part_that_says_nothing_is_told(string file, string content)
    {
        Add(file, content);

        Assert.Contains("is not usable", (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message);
    }

    [Fact]
    public async Task Without_the_steps_from_text_to_embedding_it_is_no_model()
    {
        Server.Files.Remove("modules.json");

        var message = (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message;

        Assert.Contains("genai_config.json", message);
        Assert.Contains("modules.json", message);
    }

    [Fact]
    public async Task A_part_that_is_missing_is_named()
    {
        Server.Files.Remove("1_Pooling/config.json");

        Assert.Contains("1_Pooling", (await Assert.ThrowsAsync<ModelPullException>(() => PullAsync())).Message);
    }

    private static float[] Embed(EmbeddingEngine engine, string text)
    {
        using var options = new OrtRunOptions();
        var vector = new float[engine.Settings.Dimensions];
        engine.Embed([[.. engine.Settings.Begin, .. engine.Encode(text), .. engine.Settings.End]], [0], vector, vector.Length, options);
        return vector;
    }

    private void Add(string path, string text) => Server.Add(path, Encoding.UTF8.GetBytes(text));

    private void AddModules(string last) => Add("modules.json", $$"""
        [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
         {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
         {"idx": 2, "name": "2", "path": "2_{{last}}", "type": "sentence_transformers.models.{{last}}"}]
        """);
}
