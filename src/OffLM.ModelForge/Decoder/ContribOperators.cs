using OffLM.ModelForge.Onnx;
using OffLM.ModelForge.Weights;

namespace OffLM.ModelForge.Decoder;

/// <summary>
/// ONNX Runtime's own operators, with which its CPU kernels are fastest: GroupQueryAttention with rotary embedding inside and one buffer for past
/// and present, 4-bit MatMulNBits.
/// </summary>
internal sealed class ContribOperators : IDecoderOperators
{
    /// <summary>Kernels quantise activations to 8 bits: ten times faster on CPU than multiplying in float.</summary>
    private const int AccuracyLevel = 4;

    private readonly ModelRecipe _recipe;
    private readonly OnnxGraph _graph;
    private readonly SequenceLengths _lengths;
    private readonly (string Cosines, string Sines) _rotary;

    /// <summary>Adds what all layers share.</summary>
    public ContribOperators(ModelRecipe recipe, OnnxGraph graph)
    {
        (_recipe, _graph) = (recipe, graph);
        _lengths = SequenceLengths.Add(graph);
        _rotary = RotaryTables.Add(graph, recipe.Context, recipe.HeadSize);
    }

    public (string Normal, string Residual) Normalise(string name, string weight, string residual, string added)
    {
        if (added.Length == 0)
        {
            var first = _graph.Node(
                "SimplifiedLayerNormalization", name, [residual, weight], [("axis", -1), ("epsilon", DecoderGraph.Epsilon), ("stash_type", 1)]);
            return (first, residual);
        }

        var (normal, sum) = (name + "/output_0", name + "/output_3");
        _graph.Node(
            "SkipSimplifiedLayerNormalization", name, [residual, added, weight], [normal, "", "", sum], [("epsilon", DecoderGraph.Epsilon)], OnnxGraph.Microsoft);
        return (normal, sum);
    }

    public string Attend(int layer, string name, string projected)
    {
        // Key and value inputs stay empty: the query input holds all three, packed.
        var attended = name + "/GroupQueryAttention/output_0";
        _graph.Node(
            "GroupQueryAttention",
            name + "/GroupQueryAttention",
            [projected, "", "", DecoderGraph.PastKey(layer), DecoderGraph.PastValue(layer), _lengths.Past, _lengths.Total, _rotary.Cosines, _rotary.Sines],
            [attended, DecoderGraph.PresentKey(layer), DecoderGraph.PresentValue(layer)],
            [
                ("num_heads", _recipe.Heads), ("kv_num_heads", _recipe.KvHeads), ("scale", 1 / MathF.Sqrt(_recipe.HeadSize)),
                ("local_window_size", -1), ("softcap", 0f), ("do_rotary", 1), ("rotary_interleaved", 0),
            ],
            OnnxGraph.Microsoft);
        return attended;
    }

    public QuantisedMatrix Matrix(string name, int inputs, int outputs, Func<int, float> deviation, bool asTable) =>
        BlockQuantisation.Add(_graph, _recipe, name, inputs, outputs, deviation);

    public string Multiply(string name, string input, QuantisedMatrix matrix, string? output) => _graph.Node(
        "MatMulNBits",
        name + "_Q4",
        [input, matrix.Weights, matrix.Scales],
        [
            ("accuracy_level", AccuracyLevel), ("bits", BlockQuantisation.Bits), ("block_size", _recipe.Block),
            ("K", matrix.Inputs), ("N", matrix.Outputs),
        ],
        OnnxGraph.Microsoft,
        output);

    /// <summary>The packed bytes are seen as a matrix.</summary>
    public string LookUp(string name, QuantisedMatrix matrix)
    {
        var shape = _graph.Vector(matrix.Outputs, matrix.Inputs * BlockQuantisation.Bits / 8);
        var packed = _graph.Node("Reshape", name + "/Reshape", [matrix.Weights, shape]);
        return _graph.Node(
            "GatherBlockQuantized",
            name + "/GatherBlockQuantized",
            [packed, "input_ids", matrix.Scales],
            [("bits", BlockQuantisation.Bits), ("block_size", _recipe.Block), ("gather_axis", 0), ("quantize_axis", 1)],
            OnnxGraph.Microsoft);
    }
}
