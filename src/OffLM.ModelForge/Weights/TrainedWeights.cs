using OffLM.ModelForge.Onnx;

namespace OffLM.ModelForge.Weights;

/// <summary>
/// The weights of a trained model under the names of the graph: Hugging Face has query, key and value apart, the graph has them in one matrix.
/// </summary>
internal sealed class TrainedWeights(SafetensorsFile file, ModelRecipe recipe)
{
    private const string Embedding = "model.embed_tokens.weight";

    /// <summary>A matrix's contents in the layout of <see cref="BlockQuantisation"/>.</summary>
    /// <param name="name">The matrix's name in the graph.</param>
    /// <param name="inputs">Columns.</param>
    /// <param name="outputs">Rows.</param>
    /// <param name="blockSize">Weights that share a scale.</param>
    /// <exception cref="RecipeException">The file lacks it.</exception>
    public (TensorFill Weights, TensorFill Scales) Matrix(string name, int inputs, int outputs, int blockSize)
    {
        var rows = name == "lm_head.MatMul.weight" ? file.Values(Embedding, outputs, inputs) : Parts(name, outputs, inputs);
        return BlockRounding.Round(rows, blockSize);
    }

    /// <summary>A vector's contents.</summary>
    /// <param name="name">The vector's name in the graph.</param>
    /// <param name="length">Its values.</param>
    /// <exception cref="RecipeException">The file lacks it.</exception>
    public TensorFill Vector(string name, int length)
    {
        var values = name.EndsWith("final_norm_layernorm.weight", StringComparison.Ordinal) ? file.Values("model.norm.weight", length)
            : name.EndsWith("qkv_proj.Add.bias", StringComparison.Ordinal) ? Attention(name, "bias", null)
            : file.Values(name, length);
        return TensorFills.Floats(values.ToArray());
    }

    private ReadOnlySpan<float> Parts(string name, int outputs, int inputs)
    {
        // model.layers.0.attn.o_proj.MatMul.weight is model.layers.0.self_attn.o_proj.weight, and so on.
        if (name.EndsWith("qkv_proj.MatMul.weight", StringComparison.Ordinal))
        {
            return Attention(name, "weight", inputs);
        }

        var trained = name.Replace(".attn.", ".self_attn.", StringComparison.Ordinal).Replace(".MatMul.", ".", StringComparison.Ordinal);
        return file.Values(trained, outputs, inputs);
    }

    /// <summary>Query, key and value of a layer, one after the other.</summary>
    private float[] Attention(string name, string kind, int? inputs)
    {
        var layer = name[..name.IndexOf(".attn.", StringComparison.Ordinal)];
        var (query, others) = (recipe.Heads * recipe.HeadSize, recipe.KvHeads * recipe.HeadSize);
        return [.. Part("q", query), .. Part("k", others), .. Part("v", others)];

        ReadOnlySpan<float> Part(string letter, int rows)
        {
            var part = $"{layer}.self_attn.{letter}_proj.{kind}";
            return inputs is { } columns ? file.Values(part, rows, columns) : file.Values(part, rows);
        }
    }
}
