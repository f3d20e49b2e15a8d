using OffLM.ModelForge.Onnx;
using OffLM.ModelForge.Weights;

namespace OffLM.ModelForge.Encoder;

/// <summary>A BERT-style encoder of float weights and ONNX's own operators: token, position and type tables, attention in both directions, GELU,
/// normalisation after each sum. Takes padded sequences with their mask and gives a vector for each token.</summary>
internal sealed class EncoderGraph
{
    private const float Epsilon = 1e-12f;

    /// <summary>Added to the scores of padding: far below any other, and yet finite.</summary>
    private const float MaskedScore = -10_000;

    private readonly EncoderRecipe _recipe;
    private readonly OnnxGraph _graph;
    private long _parameters;

    private EncoderGraph(EncoderRecipe recipe, OnnxGraph graph)
    {
        _recipe = recipe;
        _graph = graph;
    }

    /// <summary>Adds the whole encoder to the graph and returns its number of parameters.</summary>
    public static long Build(EncoderRecipe recipe, OnnxGraph graph)
    {
        var encoder = new EncoderGraph(recipe, graph);
        encoder.Build();
        return encoder._parameters;
    }

    private void Build()
    {
        foreach (var name in new[] { "input_ids", "attention_mask", "token_type_ids" })
        {
            _graph.Input(name, ElementType.Int64, "batch_size", "sequence_length");
        }

        _graph.Output("last_hidden_state", ElementType.Float, "batch_size", "sequence_length", _recipe.Hidden);
        var mask = Mask();
        var hidden = Embeddings();
        for (var i = 0; i < _recipe.Layers; i++)
        {
            var layer = $"/encoder/layer.{i}";
            hidden = Normalise(layer + "/attention/LayerNorm", [hidden, Attention(layer + "/attention", hidden, mask)]);
            var isLast = i == _recipe.Layers - 1;
            hidden = Normalise(layer + "/output/LayerNorm", [hidden, FeedForward(layer, hidden)], isLast ? "last_hidden_state" : null);
        }
    }

    /// <summary>What is added to attention's scores, [batch, 1, 1, sequence]: 0, or for padding very little.</summary>
    private string Mask()
    {
        var present = _graph.Node("Cast", "/mask/Cast", ["attention_mask"], [("to", (int)ElementType.Float)]);
        var absent = _graph.Node("Sub", "/mask/Sub", [Scalar("/mask/one", 1), present]);
        var scores = _graph.Node("Mul", "/mask/Mul", [absent, Scalar("/mask/score", MaskedScore)]);
        return _graph.Node("Unsqueeze", "/mask/Unsqueeze", [scores, _graph.Vector(1, 2)]);
    }

    private string Embeddings()
    {
        var shape = _graph.Node("Shape", "/embeddings/Shape", ["input_ids"]);
        var length = _graph.Node("Gather", "/embeddings/Length", [shape, _graph.Scalar(1)], [("axis", 0)]);
        var positions = _graph.Node("Range", "/embeddings/Range", [_graph.Scalar(0), length, _graph.Scalar(1)]);
        var words = Lookup("word", _recipe.Vocabulary, "input_ids");
        var places = Lookup("position", _recipe.Context, positions);
        var types = Lookup("token_type", 2, "token_type_ids");
        return Normalise("/embeddings/LayerNorm", [_graph.Node("Add", "/embeddings/Add", [words, types]), places]);
    }

    private string Lookup(string what, int rows, string ids)
    {
        var name = $"embeddings.{what}_embeddings.weight";

        // Words decide what a text is like; where they stand counts less.
        var table = Table(name, [rows, _recipe.Hidden], what == "word" ? 1 : 0.2f);
        return _graph.Node("Gather", $"/embeddings/{what}_embeddings/Gather", [table, ids], [("axis", 0)]);
    }

    private string Attention(string name, string hidden, string mask)
    {
        var query = Heads(name + "/query", hidden, [0, 2, 1, 3]);
        var key = Heads(name + "/key", hidden, [0, 2, 3, 1]);
        var value = Heads(name + "/value", hidden, [0, 2, 1, 3]);
        var scores = _graph.Node("MatMul", name + "/Scores", [query, key]);
        var scale = Scalar("/attention/scale", 1 / MathF.Sqrt((float)_recipe.Hidden / _recipe.Heads));
        scores = _graph.Node("Add", name + "/Masked", [_graph.Node("Mul", name + "/Scaled", [scores, scale]), mask]);
        var shares = _graph.Node("Softmax", name + "/Softmax", [scores], [("axis", -1)]);
        var attended = _graph.Node("MatMul", name + "/Attended", [shares, value]);
        attended = _graph.Node("Transpose", name + "/Joined", [attended], [("perm", [0, 2, 1, 3])]);
        attended = _graph.Node("Reshape", name + "/Flat", [attended, _graph.Vector(0, 0, _recipe.Hidden)]);
        return Linear(name + "/output/dense", attended, _recipe.Hidden, _recipe.Hidden);
    }

    private string Heads(string name, string hidden, int[] order)
    {
        var projected = Linear(name, hidden, _recipe.Hidden, _recipe.Hidden);
        var split = _graph.Node("Reshape", name + "/Split", [projected, _graph.Vector(0, 0, _recipe.Heads, _recipe.Hidden / _recipe.Heads)]);
        return _graph.Node("Transpose", name + "/Transpose", [split], [("perm", order)]);
    }

    private string FeedForward(string layer, string hidden)
    {
        var wide = Linear(layer + "/intermediate/dense", hidden, _recipe.Hidden, _recipe.Intermediate);
        var active = _graph.Node("Gelu", layer + "/intermediate/Gelu", [wide]);
        return Linear(layer + "/output/dense", active, _recipe.Intermediate, _recipe.Hidden);
    }

    private string Normalise(string name, string[] summands, string? output = null)
    {
        var sum = _graph.Node("Add", name + "/Sum", summands);
        var path = name[1..].Replace('/', '.');
        var scale = Values(path + ".weight", [_recipe.Hidden], () => 1);
        var bias = Values(path + ".bias", [_recipe.Hidden], () => 0);
        return _graph.Node("LayerNormalization", name, [sum, scale, bias], [("axis", -1), ("epsilon", Epsilon)], output: output);
    }

    /// <summary>A matrix whose results have the spread of its inputs, and a bias.</summary>
    private string Linear(string name, string input, int inputs, int outputs)
    {
        var path = name[1..].Replace('/', '.');
        var product = _graph.Node("MatMul", name + "/MatMul", [input, Table(path + ".weight", [inputs, outputs], 1 / MathF.Sqrt(inputs))]);
        return _graph.Node("Add", name + "/Add", [product, Table(path + ".bias", [outputs], 0.1f)]);
    }

    private string Table(string name, long[] shape, float deviation)
    {
        var random = new RandomStream(_recipe.Seed, name);
        return Values(name, shape, () => random.Normal(deviation));
    }

    private string Values(string name, long[] shape, Func<float> next)
    {
        _parameters += shape.Aggregate((a, b) => a * b);
        return _graph.Tensor(name, ElementType.Float, shape, TensorFills.Floats(next));
    }

    /// <summary>A constant; equal names are shared.</summary>
    private string Scalar(string name, float value) => _graph.Constant(name, value);
}
