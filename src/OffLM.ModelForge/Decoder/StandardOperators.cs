using OffLM.ModelForge.Onnx;
using OffLM.ModelForge.Weights;

namespace OffLM.ModelForge.Decoder;

/// <summary>
/// Operators of the ONNX standard alone (opset 21), which TensorRT and others know too: 4-bit DequantizeLinear before each MatMul, attention and
/// normalisation in single steps. The cache grows: past goes in, and comes out with the new tokens behind it.
/// </summary>
internal sealed class StandardOperators : IDecoderOperators
{
    /// <summary>Added to the scores of tokens that may not be seen: far enough below any score, and within 16-bit floats.</summary>
    private const float Forbidden = -10_000;

    private readonly ModelRecipe _recipe;
    private readonly OnnxGraph _graph;
    private readonly StandardMask _mask;
    private readonly string _cosines;
    private readonly string _sines;

    /// <summary>Adds what all layers share.</summary>
    public StandardOperators(ModelRecipe recipe, OnnxGraph graph)
    {
        (_recipe, _graph) = (recipe, graph);
        graph.Input("position_ids", ElementType.Int64, "batch_size", "sequence_length");
        _mask = StandardMask.Add(graph, recipe.KvHeads, recipe.Heads / recipe.KvHeads, Forbidden);
        var tables = RotaryTables.Add(graph, recipe.Context, recipe.HeadSize);
        _cosines = AtPositions("cosines", tables.Cosines);
        _sines = AtPositions("sines", tables.Sines);
    }

    public (string Normal, string Residual) Normalise(string name, string weight, string residual, string added)
    {
        var sum = added.Length == 0 ? residual : _graph.Node("Add", name + "/Add", [residual, added]);
        var square = _graph.Node("Pow", name + "/Pow", [sum, _graph.Constant("/model/constants/two", 2)]);
        var mean = _graph.Node("ReduceMean", name + "/ReduceMean", [square, _graph.Vector(-1)], [("keepdims", 1)]);
        var raised = _graph.Node("Add", name + "/Add_1", [mean, _graph.Constant("/model/constants/epsilon", DecoderGraph.Epsilon)]);
        var root = _graph.Node("Sqrt", name + "/Sqrt", [raised]);
        var normal = _graph.Node("Div", name + "/Div", [sum, root]);
        return (_graph.Node("Mul", name + "/Mul", [normal, weight]), sum);
    }

    public string Attend(int layer, string name, string projected)
    {
        var (heads, kvHeads, size) = (_recipe.Heads, _recipe.KvHeads, _recipe.HeadSize);
        string[] parts = [name + "/q", name + "/k", name + "/v"];
        _graph.Node("Split", name + "/Split", [projected, _graph.Vector(heads * size, kvHeads * size, kvHeads * size)], parts, [("axis", -1)]);

        // Queries that share keys stand below each other, so that one product serves them: [batch, key heads, group × sequence, size].
        var queries = Rotated(name + "/q", Heads(name + "/q", parts[0], heads));
        queries = _graph.Node("Mul", name + "/q/Mul", [queries, _graph.Constant("/model/constants/scale", 1 / MathF.Sqrt(size))]);
        queries = _graph.Node("Reshape", name + "/q/Reshape_1", [queries, _graph.Vector(0, 0, kvHeads, heads / kvHeads, size)]);
        queries = _graph.Node("Transpose", name + "/q/Transpose", [queries], [("perm", new[] { 0, 2, 3, 1, 4 })]);
        queries = _graph.Node("Reshape", name + "/q/Reshape_2", [queries, _graph.Vector(0, kvHeads, -1, size)]);

        var keys = Grown(name + "/k", Rotated(name + "/k", Heads(name + "/k", parts[1], kvHeads)), DecoderGraph.PastKey(layer), DecoderGraph.PresentKey(layer));
        var values = Grown(name + "/v", Heads(name + "/v", parts[2], kvHeads), DecoderGraph.PastValue(layer), DecoderGraph.PresentValue(layer));
        var turned = _graph.Node("Transpose", name + "/k/Transpose_1", [keys], [("perm", new[] { 0, 1, 3, 2 })]);

        var scores = _graph.Node("MatMul", name + "/MatMul", [queries, turned]);
        scores = _graph.Node("Reshape", name + "/Reshape", [scores, _mask.Apart]);
        scores = _graph.Node("Add", name + "/Add", [scores, _mask.Bias]);
        scores = _graph.Node("Softmax", name + "/Softmax", [scores], [("axis", -1)]);
        scores = _graph.Node("Reshape", name + "/Reshape_1", [scores, _mask.Together]);

        var attended = _graph.Node("MatMul", name + "/MatMul_1", [scores, values]);
        attended = _graph.Node("Reshape", name + "/Reshape_2", [attended, _graph.Vector(0, kvHeads, heads / kvHeads, -1, size)]);
        attended = _graph.Node("Transpose", name + "/Transpose", [attended], [("perm", new[] { 0, 3, 1, 2, 4 })]);
        return _graph.Node("Reshape", name + "/Reshape_3", [attended, _graph.Vector(0, 0, heads * size)]);
    }

    public QuantisedMatrix Matrix(string name, int inputs, int outputs, Func<int, float> deviation, bool asTable) =>
        StandardMatrix.Add(_graph, name, inputs, outputs, _recipe.Block, BlockQuantisation.Fills(_recipe, name, inputs, outputs, deviation), asTable);

    public string Multiply(string name, string input, QuantisedMatrix matrix, string? output)
    {
        var weights = _graph.Node(
            "DequantizeLinear", name + "/DequantizeLinear", [matrix.Weights, matrix.Scales], [("axis", 0), ("block_size", _recipe.Block)]);
        return _graph.Node("MatMul", name, [input, weights], output: output);
    }

    /// <summary>Only the rows that are wanted are multiplied with their scales.</summary>
    public string LookUp(string name, QuantisedMatrix matrix)
    {
        var weights = _graph.Node("Gather", name + "/Gather", [matrix.Rows, "input_ids"], [("axis", 0)]);
        var scales = _graph.Node("Gather", name + "/Gather_1", [matrix.RowScales, "input_ids"], [("axis", 0)]);
        weights = _graph.Node("Cast", name + "/Cast", [weights], [("to", (int)ElementType.Float)]);
        weights = _graph.Node("Reshape", name + "/Reshape", [weights, _graph.Vector(0, 0, matrix.Inputs / _recipe.Block, _recipe.Block)]);
        scales = _graph.Node("Unsqueeze", name + "/Unsqueeze", [scales, _graph.Vector(-1)]);
        weights = _graph.Node("Mul", name + "/Mul", [weights, scales]);
        return _graph.Node("Reshape", name + "/Reshape_1", [weights, _graph.Vector(0, 0, matrix.Inputs)]);
    }

    private string AtPositions(string name, string table)
    {
        var rows = _graph.Node("Gather", $"/model/rotary/{name}/Gather", [table, "position_ids"], [("axis", 0)]);
        return _graph.Node("Unsqueeze", $"/model/rotary/{name}/Unsqueeze", [rows, _graph.Vector(2)]);
    }

    private string Heads(string name, string packed, int heads) => _graph.Node("Reshape", name + "/Reshape", [packed, _graph.Vector(0, 0, heads, _recipe.HeadSize)]);

    /// <summary>Turns the first half of each head against the second.</summary>
    private string Rotated(string name, string heads)
    {
        string[] halves = [name + "/first", name + "/second"];
        _graph.Node("Split", name + "/Split", [heads, _graph.Vector(_recipe.HeadSize / 2, _recipe.HeadSize / 2)], halves, [("axis", -1)]);
        var first = _graph.Node("Sub", name + "/Sub", [Times(name + "/Mul_1", halves[0], _cosines), Times(name + "/Mul_2", halves[1], _sines)]);
        var second = _graph.Node("Add", name + "/Add", [Times(name + "/Mul_3", halves[1], _cosines), Times(name + "/Mul_4", halves[0], _sines)]);
        return _graph.Node("Concat", name + "/Concat", [first, second], [("axis", -1)]);
    }

    private string Times(string name, string left, string right) => _graph.Node("Mul", name, [left, right]);

    private string Grown(string name, string heads, string past, string present)
    {
        var news = _graph.Node("Transpose", name + "/Transpose", [heads], [("perm", new[] { 0, 2, 1, 3 })]);
        return _graph.Node("Concat", name + "/Concat_1", [past, news], [("axis", 2)], output: present);
    }
}
