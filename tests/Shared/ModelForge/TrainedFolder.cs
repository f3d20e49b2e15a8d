using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OffLM.ModelForge;

namespace OffLM.Edge.Tests.Shared.ModelForge;

/// <summary>A trained model of one layer in Hugging Face's layout, made by hand, to be spoilt by tests.</summary>
internal sealed class TrainedFolder
{
    public const int Hidden = 64;
    public const int Vocabulary = 263;
    private const int Heads = 4;
    private const int KvHeads = 2;
    private const int HeadSize = Hidden / Heads;
    private const int Intermediate = 96;

    private readonly Random _random = new(5);

    public TrainedFolder()
    {
        Config = new()
        {
            ["name"] = "taught",
            ["license"] = "MIT",
            ["attribution"] = "a teacher",
            ["vocab_size"] = Vocabulary,
            ["num_hidden_layers"] = 1,
            ["hidden_size"] = Hidden,
            ["num_attention_heads"] = Heads,
            ["num_key_value_heads"] = KvHeads,
            ["intermediate_size"] = Intermediate,
            ["max_position_embeddings"] = 128,
            ["rope_theta"] = 1e6,
            ["rms_norm_eps"] = 1e-6,
            ["tie_word_embeddings"] = true,
        };
        Add("model.embed_tokens.weight", 1, Vocabulary, Hidden);
        Add("model.norm.weight", 1, Hidden);
        const string Layer = "model.layers.0.";
        foreach (var (letter, rows) in new[] { ("q", Heads * HeadSize), ("k", KvHeads * HeadSize), ("v", KvHeads * HeadSize) })
        {
            Add($"{Layer}self_attn.{letter}_proj.weight", 0.1f, rows, Hidden);
            Add($"{Layer}self_attn.{letter}_proj.bias", 0.1f, rows);
        }

        // What the layer adds is nothing: the model sees each token alone.
        Add($"{Layer}self_attn.o_proj.weight", 0, Hidden, Hidden);
        Add($"{Layer}mlp.gate_proj.weight", 0.1f, Intermediate, Hidden);
        Add($"{Layer}mlp.up_proj.weight", 0.1f, Intermediate, Hidden);
        Add($"{Layer}mlp.down_proj.weight", 0, Hidden, Intermediate);
        Add($"{Layer}input_layernorm.weight", 1, Hidden);
        Add($"{Layer}post_attention_layernorm.weight", 1, Hidden);
    }

    public JsonObject Config { get; }

    public Dictionary<string, (int[] Shape, float[] Values)> Tensors { get; } = [];

    /// <summary>Gives a tensor values by chance, up to the largest on both sides of 0.</summary>
    public void Fill(string name, float largest)
    {
        var values = Tensors[name].Values;
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)((_random.NextDouble() * 2) - 1) * largest;
        }
    }

    /// <summary>Writes the four files into a folder of <paramref name="root"/>; the tokenizer is the forge's own.</summary>
    public string Write(string root)
    {
        var path = Directory.CreateDirectory(Path.Combine(root, "trained")).FullName;
        var donor = Path.Combine(root, "donor");
        Forge.Write(donor, ModelRecipe.Tiny with { Vocabulary = Vocabulary });
        File.Copy(Path.Combine(donor, "tokenizer.json"), Path.Combine(path, "tokenizer.json"));
        File.WriteAllText(Path.Combine(path, "chat_template.jinja"), "{{ messages[0].content }}");
        File.WriteAllText(Path.Combine(path, "config.json"), Config.ToJsonString());
        File.WriteAllBytes(Path.Combine(path, "model.safetensors"), Safetensors());
        return path;
    }

    private byte[] Safetensors()
    {
        var header = new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        var data = new List<byte>();
        foreach (var (name, (shape, values)) in Tensors)
        {
            var bytes = MemoryMarshal.AsBytes(values.AsSpan());
            header[name] = new JsonObject
            {
                ["dtype"] = "F32",
                ["shape"] = JsonSerializer.SerializeToNode(shape),
                ["data_offsets"] = new JsonArray(data.Count, data.Count + bytes.Length),
            };
            data.AddRange(bytes);
        }

        var text = Encoding.UTF8.GetBytes(header.ToJsonString().PadRight(8192));
        var length = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)text.Length);
        return [.. length, .. text, .. data];
    }

    private void Add(string name, float largest, params int[] shape)
    {
        var values = new float[shape.Aggregate(1, (product, length) => product * length)];
        Tensors[name] = (shape, values);
        if (shape.Length == 1 && largest == 1)
        {
            Array.Fill(values, 1);
        }
        else
        {
            Fill(name, largest);
        }
    }
}
