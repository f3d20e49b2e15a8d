using OffLM.ModelForge.Files;
using OffLM.ModelForge.Onnx;
using OffLM.ModelForge.Weights;

namespace OffLM.ModelForge.Decoder;

/// <summary>Where LoRA's matrices come into a decoder: y + x·A·B for each layer's projection of queries, keys and values. Of rank 0, A·B is zeros.</summary>
internal static class AdapterInputs
{
    /// <summary>Adds the two inputs of a layer and what is computed with them.</summary>
    /// <param name="graph">Where to.</param>
    /// <param name="layer">Which.</param>
    /// <param name="x">What is projected.</param>
    /// <param name="y">Its projection.</param>
    /// <param name="inputs">Width of x.</param>
    /// <param name="outputs">Width of y.</param>
    public static string Add(OnnxGraph graph, int layer, string x, string y, int inputs, int outputs)
    {
        var path = $"/model/layers.{layer}/attn/qkv_proj/lora";
        var rank = $"rank_{layer}";
        var a = graph.OptionalMatrix(Name(layer, "A"), inputs, rank);
        var b = graph.OptionalMatrix(Name(layer, "B"), rank, outputs);
        var inner = graph.Node("MatMul", path + "_A/MatMul", [x, a]);
        return graph.Node("Add", path + "/Add", [y, graph.Node("MatMul", path + "_B/MatMul", [inner, b])]);
    }

    /// <summary>Writes the matrices of an adapter.</summary>
    public static void Write(string path, AdapterRecipe recipe)
    {
        var model = recipe.Base;
        var width = (model.Heads + (2 * model.KvHeads)) * model.HeadSize;
        var file = new AdapterFile(model.Half);
        for (var layer = 0; layer < model.Layers; layer++)
        {
            var (a, b) = (new RandomStream(recipe.Seed, Name(layer, "A")), new RandomStream(recipe.Seed, Name(layer, "B")));
            file.Add(Name(layer, "A"), model.Hidden, recipe.Rank, () => a.Normal(1 / MathF.Sqrt(model.Hidden)));
            file.Add(Name(layer, "B"), recipe.Rank, width, () => b.Normal(1 / MathF.Sqrt(recipe.Rank)));
        }

        file.Write(path);
    }

    private static string Name(int layer, string matrix) => $"model.layers.{layer}.attn.qkv_proj.lora_{matrix}.weight";
}
