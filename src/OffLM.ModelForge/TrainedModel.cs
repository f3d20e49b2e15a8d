using System.Text.Json;
using OffLM.ModelForge.Decoder;
using OffLM.ModelForge.Weights;

namespace OffLM.ModelForge;

/// <summary>
/// A folder with a trained Qwen2-style model in Hugging Face's layout: config.json, model.safetensors (32-bit floats, embedding and head in one),
/// tokenizer.json (special tokens last, in the order of the forge's own) and chat_template.jinja. config.json also says licence and attribution.
/// </summary>
internal sealed class TrainedModel
{
    private readonly string _folder;

    private TrainedModel(string folder, ModelRecipe recipe, string license, string attribution)
    {
        (_folder, License, Attribution) = (folder, license, attribution);
        Recipe = recipe with { Trained = this };
        Weights = new TrainedWeights(new SafetensorsFile(Path.Combine(folder, "model.safetensors")), recipe);
    }

    /// <summary>The dimensions that it was trained with.</summary>
    public ModelRecipe Recipe { get; }

    /// <summary>SPDX expression of the licence.</summary>
    public string License { get; }

    /// <summary>Whose work is in it.</summary>
    public string Attribution { get; }

    public TrainedWeights Weights { get; }

    public string TokenizerPath => Path.Combine(_folder, "tokenizer.json");

    public string ChatTemplate => File.ReadAllText(Path.Combine(_folder, "chat_template.jinja"));

    /// <summary>Reads a folder.</summary>
    /// <exception cref="RecipeException">The graph can't express the model; says why.</exception>
    /// <exception cref="IOException">A file is missing or can't be read.</exception>
    public static TrainedModel Read(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var config = json.RootElement;
            Require(path, "tie_word_embeddings", config.GetProperty("tie_word_embeddings").GetBoolean(), true);
            Require(path, "rope_theta", config.GetProperty("rope_theta").GetDouble(), RotaryTables.Theta);
            Require(path, "rms_norm_eps", (float)config.GetProperty("rms_norm_eps").GetDouble(), DecoderGraph.Epsilon);
            var recipe = new ModelRecipe
            {
                Name = config.GetProperty("name").GetString() ?? "",
                Layers = config.GetProperty("num_hidden_layers").GetInt32(),
                Hidden = config.GetProperty("hidden_size").GetInt32(),
                Heads = config.GetProperty("num_attention_heads").GetInt32(),
                KvHeads = config.GetProperty("num_key_value_heads").GetInt32(),
                Intermediate = config.GetProperty("intermediate_size").GetInt32(),
                Vocabulary = config.GetProperty("vocab_size").GetInt32(),
                Context = config.GetProperty("max_position_embeddings").GetInt32(),
                Tied = true,
            };
            RecipeRules.Check(recipe);
            return new TrainedModel(folder, recipe, config.GetProperty("license").GetString() ?? "", config.GetProperty("attribution").GetString() ?? "");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new RecipeException($"{path} does not describe a Qwen2-style model ({e.Message.TrimEnd('.')})");
        }
    }

    private static void Require<T>(string path, string name, T value, T expected)
        where T : IEquatable<T>
    {
        if (!value.Equals(expected))
        {
            throw new RecipeException($"{path}: {name} is {value}; the graph has {expected}");
        }
    }
}
