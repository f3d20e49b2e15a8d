using OffLM.ModelForge.Onnx;

namespace OffLM.ModelForge.Decoder;

/// <summary>What GroupQueryAttention wants instead of a mask: each row's length less one, and the longest length.</summary>
internal readonly record struct SequenceLengths(string Past, string Total)
{
    /// <summary>Computes both from the attention mask.</summary>
    public static SequenceLengths Add(OnnxGraph graph)
    {
        const string Path = "/model/attn_mask_reformat";
        var sum = graph.Node("ReduceSum", Path + "/ReduceSum", ["attention_mask", graph.Vector(1)], [("keepdims", 0)]);
        var lessOne = graph.Node("Sub", Path + "/Sub", [sum, graph.Vector(1)]);
        var past = graph.Node("Cast", Path + "/Sub/Cast", [lessOne], [("to", (int)ElementType.Int32)]);
        var shape = graph.Node("Shape", Path + "/Shape", ["attention_mask"]);
        var longest = graph.Node("Gather", Path + "/Gather", [shape, graph.Scalar(1)], [("axis", 0)]);
        var total = graph.Node("Cast", Path + "/Gather/Cast", [longest], [("to", (int)ElementType.Int32)]);
        return new SequenceLengths(past, total);
    }
}
