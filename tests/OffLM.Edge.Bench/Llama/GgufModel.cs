using OffLM.ModelForge;

namespace OffLM.Edge.Bench.Llama;

/// <summary>A model of a recipe's dimensions with random weights as llama.cpp reads it: Qwen2, Q4_0 throughout, the head tied to the embedding, no words.</summary>
internal static class GgufModel
{
    private const float RotaryBase = 1e6f;
    private const float Epsilon = 1e-6f;

    /// <summary>LLAMA_FTYPE_MOSTLY_Q4_0.</summary>
    private const uint FileType = 2;

    /// <summary>Writes it if it isn't there.</summary>
    /// <returns>The file.</returns>
    public static string Ensure(string folder, ModelRecipe recipe)
    {
        var path = Path.Combine(folder, $"{recipe.Name}-q4_0.gguf");
        if (!File.Exists(path))
        {
            Console.Error.WriteLine($"bench: making {Path.GetFileName(path)} (280 MB, once)");
            Describe(recipe).Write(path + ".new");
            File.Move(path + ".new", path);
        }

        return path;
    }

    private static GgufWriter Describe(ModelRecipe recipe)
    {
        var (hidden, keys) = (recipe.Hidden, recipe.HeadSize * recipe.KvHeads);
        var file = new GgufWriter()
            .Text("general.architecture", "qwen2")
            .Text("general.name", recipe.Name)
            .Number("general.file_type", FileType)
            .Number("general.alignment", GgufWriter.Alignment)
            .Number("qwen2.context_length", (uint)recipe.Context)
            .Number("qwen2.embedding_length", (uint)hidden)
            .Number("qwen2.block_count", (uint)recipe.Layers)
            .Number("qwen2.feed_forward_length", (uint)recipe.Intermediate)
            .Number("qwen2.attention.head_count", (uint)recipe.Heads)
            .Number("qwen2.attention.head_count_kv", (uint)recipe.KvHeads)
            .Number("qwen2.rope.freq_base", RotaryBase)
            .Number("qwen2.attention.layer_norm_rms_epsilon", Epsilon)
            .Number("qwen2.vocab_size", (uint)recipe.Vocabulary)
            .Text("tokenizer.ggml.model", "no_vocab")
            .Matrix("token_embd.weight", hidden, recipe.Vocabulary)
            .Ones("output_norm.weight", hidden);
        for (var layer = 0; layer < recipe.Layers; layer++)
        {
            var name = $"blk.{layer}.";
            file.Ones(name + "attn_norm.weight", hidden)
                .Matrix(name + "attn_q.weight", hidden, hidden).Random(name + "attn_q.bias", hidden)
                .Matrix(name + "attn_k.weight", hidden, keys).Random(name + "attn_k.bias", keys)
                .Matrix(name + "attn_v.weight", hidden, keys).Random(name + "attn_v.bias", keys)
                .Matrix(name + "attn_output.weight", hidden, hidden)
                .Ones(name + "ffn_norm.weight", hidden)
                .Matrix(name + "ffn_gate.weight", hidden, recipe.Intermediate)
                .Matrix(name + "ffn_up.weight", hidden, recipe.Intermediate)
                .Matrix(name + "ffn_down.weight", recipe.Intermediate, hidden);
        }

        return file;
    }
}
