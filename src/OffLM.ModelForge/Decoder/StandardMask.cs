using OffLM.ModelForge.Onnx;

namespace OffLM.ModelForge.Decoder;

/// <summary>What standard operators want for attention: which tokens may be seen, and the shapes between which scores go back and forth.</summary>
/// <param name="Bias">Added to the scores, [batch, 1, 1, sequence, total].</param>
/// <param name="Apart">The scores' shape with the queries of a key's head apart from each other.</param>
/// <param name="Together">With them together.</param>
internal readonly record struct StandardMask(string Bias, string Apart, string Together)
{
    /// <summary>Computes all from the attention mask: a token sees those before it and itself, where the mask is not 0.</summary>
    public static StandardMask Add(OnnxGraph graph, int kvHeads, int group, float forbidden)
    {
        const string Path = "/model/mask";
        var total = Length(graph, "attention_mask");
        var past = graph.Node("Sub", Path + "/Sub", [total, Length(graph, "input_ids")]);
        var columns = graph.Node("Range", Path + "/Range", [graph.Scalar(0), total, graph.Scalar(1)]);
        var rows = graph.Node("Range", Path + "/Range_1", [past, total, graph.Scalar(1)]);
        rows = graph.Node("Unsqueeze", Path + "/Unsqueeze", [rows, graph.Vector(1)]);
        var before = graph.Node("LessOrEqual", Path + "/LessOrEqual", [columns, rows]);
        var there = graph.Node("Cast", Path + "/Cast", ["attention_mask"], [("to", (int)ElementType.Bool)]);
        there = graph.Node("Unsqueeze", Path + "/Unsqueeze_1", [there, graph.Vector(1, 2, 3)]);
        var allowed = graph.Node("And", Path + "/And", [there, before]);
        var bias = graph.Node(
            "Where", Path + "/Where", [allowed, graph.Constant("/model/constants/zero", 0), graph.Constant("/model/constants/forbidden", forbidden)]);
        var width = graph.Node("Unsqueeze", Path + "/Unsqueeze_2", [total, graph.Vector(0)]);
        return new StandardMask(
            bias,
            graph.Node("Concat", Path + "/Concat", [graph.Vector(0, kvHeads, group, -1), width], [("axis", 0)]),
            graph.Node("Concat", Path + "/Concat_1", [graph.Vector(0, kvHeads, -1), width], [("axis", 0)]));
    }

    private static string Length(OnnxGraph graph, string input)
    {
        var shape = graph.Node("Shape", $"/model/mask/{input}/Shape", [input]);
        return graph.Node("Gather", $"/model/mask/{input}/Gather", [shape, graph.Scalar(1)], [("axis", 0)]);
    }
}
