using System.Text.Json;
using OffLM.Edge.Tests.Shared.GenAi;
using OffLM.Edge.Tests.Shared.ModelForge;
using OffLM.ModelForge.Weights;

namespace OffLM.ModelForge.Tests;

/// <summary>A model that was trained elsewhere goes through the forge's graph, and stays what it is.</summary>
public sealed class TrainedModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TrainedFolder _trained = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _errors = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_model_whose_layer_adds_nothing_says_the_last_token_again()
    {
        using var model = Load();
        foreach (var word in (string[])["a", "b", "Z", "7"])
        {
            var prompt = model.Encode("x" + word);
            Assert.Equal(Enumerable.Repeat(prompt[^1], 4), model.Generate(prompt, 4));
        }
    }

    [Fact]
    public void The_final_norm_and_the_biases_of_attention_arrive_at_their_places()
    {
        // With values alone, the same for every position, and an output projection that passes them on, the layer adds a constant to each token:
        // the embedding of the letter Q, strong enough to drown the rest.
        const int Q = 'Q' - '!';
        var row = _trained.Tensors["model.embed_tokens.weight"].Values.AsSpan(Q * TrainedFolder.Hidden, TrainedFolder.Hidden).ToArray();
        Array.Clear(_trained.Tensors["model.layers.0.self_attn.v_proj.weight"].Values);
        var bias = _trained.Tensors["model.layers.0.self_attn.v_proj.bias"].Values;
        Array.Fill(bias, 1);
        var passed = _trained.Tensors["model.layers.0.self_attn.o_proj.weight"].Values;
        for (var i = 0; i < passed.Length; i++)
        {
            passed[i] = row[i / TrainedFolder.Hidden];
        }

        using var model = Load();
        Assert.Equal(model.Encode("QQQ"), model.Generate(model.Encode("ab"), 3));
    }

    [Fact]
    public void Tokenizer_template_licence_and_attribution_come_with_the_weights()
    {
        Forge("--out", _folder["m"]);
        Assert.Equal(File.ReadAllBytes(Path.Combine(_folder["trained"], "tokenizer.json")), File.ReadAllBytes(Path.Combine(_folder["m"], "tokenizer.json")));
        using var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_folder["m"], "tokenizer_config.json")));
        Assert.Equal("{{ messages[0].content }}", config.RootElement.GetProperty("chat_template").GetString());
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_folder["m"], "offlm-model.json")));
        Assert.Equal(("taught", "MIT", "a teacher"), (Text("name"), Text("license"), Text("attribution")));
        string? Text(string name) => manifest.RootElement.GetProperty(name).GetString();
    }

    [Theory]
    [InlineData("rope_theta", 10_000.0, "rope_theta is 10000; the graph has 1000000")]
    [InlineData("rms_norm_eps", 1e-5, "rms_norm_eps is 1E-05; the graph has 1E-06")]
    [InlineData("tie_word_embeddings", false, "tie_word_embeddings is False; the graph has True")]
    [InlineData("hidden_size", 100, "hidden is 100; it must be a multiple of 32")]
    [InlineData("intermediate_size", 128, "'model.layers.0.mlp.gate_proj.weight' has the shape [96, 64]; [128, 64] was expected")]
    [InlineData("num_hidden_layers", 2, "has no tensor 'model.layers.1.")]
    [InlineData("vocab_size", "many", "does not describe a Qwen2-style model")]
    public void What_the_graph_cannot_express_is_refused_with_the_reason(string name, object value, string message)
    {
        _trained.Config[name] = JsonSerializer.SerializeToNode(value);
        Assert.Equal(2, Run("--trained", _trained.Write(_folder.Root), "--out", _folder["m"]));
        Assert.Contains(message, _errors.ToString());
        Assert.False(File.Exists(Path.Combine(_folder["m"], "offlm-model.json")));
    }

    [Fact]
    public void A_file_that_is_no_safetensors_file_is_refused()
    {
        var path = _trained.Write(_folder.Root);
        File.WriteAllText(Path.Combine(path, "model.safetensors"), "These are not the tensors you are looking for.");
        Assert.Equal(2, Run("--trained", path, "--out", _folder["m"]));
        Assert.Contains("is not a safetensors file", _errors.ToString());
    }

    [Fact]
    public void Weights_on_sixteen_steps_are_stored_as_they_are_and_others_at_the_nearest_step()
    {
        var exact = new float[32];
        for (var i = 0; i < exact.Length; i++)
        {
            exact[i] = ((i % 16) - 8) * 0.25f;
        }

        Assert.Equal(exact, Stored(exact));
        var between = Array.ConvertAll(exact, value => value is -2 ? value : value + 0.1f);
        Assert.All(Stored(between).Zip(between), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, pair.Second > 1.76f ? 0.25f : 0.126f));
        Assert.Equal(new float[32], Stored(new float[32]));
    }

    private static float[] Stored(float[] weights)
    {
        var (fill, fillScales) = BlockRounding.Round(weights, weights.Length);
        var (packed, scale) = (new byte[16], new byte[4]);
        fill(packed);
        fillScales(scale);
        var values = new float[32];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (((packed[i / 2] >> (i % 2 * 4)) & 0xF) - 8) * BitConverter.ToSingle(scale);
        }

        return values;
    }

    private GenAiModel Load()
    {
        Forge("--out", _folder["m"]);
        return new GenAiModel(Natives.Folder, _folder["m"]);
    }

    private void Forge(params string[] options) => Assert.True(Run(["--trained", _trained.Write(_folder.Root), .. options]) == 0, _errors.ToString());

    private int Run(params string[] args) => ForgeCommand.Run(args, _output, _errors);
}
