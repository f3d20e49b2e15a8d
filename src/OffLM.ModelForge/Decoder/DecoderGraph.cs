using OffLM.ModelForge.Onnx;
using OffLM.ModelForge.Tokenizer;
using OffLM.ModelForge.Weights;

namespace OffLM.ModelForge.Decoder;

/// <summary>
/// A Qwen2-style decoder: fused QKV projection with bias, grouped attention with rotary embedding, SwiGLU, RMS normalisation, 4-bit weights; with
/// ONNX Runtime's own operators or with standard ones.
/// </summary>
internal sealed class DecoderGraph
{
    public const float Epsilon = 1e-6f;

    /// <summary>
    /// Spread of the logits of a random model: wide enough that sampling has favourites, as with a real one,
    /// and narrow enough that no single token always wins.
    /// </summary>
    private const float LogitDeviation = 3;

    /// <summary>Tokens that are seldom to be said keep a logit near 0, far below the best of the others, yet reachable.</summary>
    private const float UnspokenFactor = 0.1f;

    private readonly ModelRecipe _recipe;
    private readonly OnnxGraph _graph;
    private readonly IDecoderOperators _operators;
    private long _parameters;

    private DecoderGraph(ModelRecipe recipe, OnnxGraph graph)
    {
        _recipe = recipe;
        _graph = graph;
        _graph.Input("input_ids", ElementType.Int64, "batch_size", "sequence_length");
        _graph.Input("attention_mask", ElementType.Int64, "batch_size", "total_sequence_length");
        _operators = recipe.Standard ? new StandardOperators(recipe, graph) : new ContribOperators(recipe, graph);
    }

    public static string PastKey(int layer) => $"past_key_values.{layer}.key";

    public static string PastValue(int layer) => $"past_key_values.{layer}.value";

    public static string PresentKey(int layer) => $"present.{layer}.key";

    public static string PresentValue(int layer) => $"present.{layer}.value";

    /// <summary>Adds the whole decoder to the graph and returns its number of parameters.</summary>
    public static long Build(ModelRecipe recipe, OnnxGraph graph)
    {
        var decoder = new DecoderGraph(recipe, graph);
        decoder.Build();
        return decoder._parameters;
    }

    private void Build()
    {
        _graph.Output("logits", ElementType.Float, "batch_size", _recipe.Prune ? 1 : "sequence_length", _recipe.Vocabulary);

        var ids = new TokenIds(_recipe.EffectiveTokenizerVocabulary);
        var deviation = LogitDeviation / MathF.Sqrt(_recipe.Hidden);
        var head = Matrix(
            "lm_head.MatMul.weight", _recipe.Hidden, _recipe.Vocabulary, token => ids.IsSpoken(token) ? deviation : deviation * UnspokenFactor, _recipe.Tied);
        var residual = _recipe.Tied ? _operators.LookUp("/model/embed_tokens", head) : FloatEmbedding();

        var added = "";
        for (var i = 0; i < _recipe.Layers; i++)
        {
            (residual, added) = Layer(i, residual, added);
        }

        var (final, _) = Normalise($"/model/layers.{_recipe.Layers}/final_norm_layernorm", residual, added);
        if (_recipe.Prune)
        {
            var last = _graph.Node("Gather", "/lm_head/prune/Gather", [final, _graph.Scalar(-1)], [("axis", 1)]);
            final = _graph.Node("Unsqueeze", "/lm_head/prune/Unsqueeze", [last, _graph.Vector(1)]);
        }

        _operators.Multiply("/lm_head/MatMul", final, head, "logits");
    }

    /// <summary>One transformer layer. Residual and the last layer's result go separately: the normalisation adds them.</summary>
    private (string Residual, string Added) Layer(int index, string residual, string added)
    {
        var layer = $"/model/layers.{index}";
        (var normal, residual) = Normalise(layer + "/input_layernorm", residual, added);
        var attended = Attention(index, layer, normal);
        (normal, residual) = Normalise(layer + "/post_attention_layernorm", residual, attended);
        return (residual, FeedForward(layer, normal));
    }

    private string Attention(int index, string layer, string normal)
    {
        var width = (_recipe.Heads + (2 * _recipe.KvHeads)) * _recipe.HeadSize;
        var projected = Linear(layer + "/attn/qkv_proj/MatMul", normal, _recipe.Hidden, width);
        if (_recipe.Adaptable)
        {
            projected = AdapterInputs.Add(_graph, index, normal, projected, _recipe.Hidden, width);
        }

        var random = new RandomStream(_recipe.Seed, layer + "/bias");
        var bias = FloatVector($"model.layers.{index}.attn.qkv_proj.Add.bias", width, () => random.Normal(0.1f));
        projected = _graph.Node("Add", layer + "/attn/qkv_proj/Add", [projected, bias]);

        foreach (var name in new[] { PastKey(index), PastValue(index) })
        {
            _graph.Input(name, ElementType.Float, "batch_size", _recipe.KvHeads, "past_sequence_length", _recipe.HeadSize);
        }

        foreach (var name in new[] { PresentKey(index), PresentValue(index) })
        {
            _graph.Output(name, ElementType.Float, "batch_size", _recipe.KvHeads, "total_sequence_length", _recipe.HeadSize);
        }

        var attended = _operators.Attend(index, layer + "/attn", projected);
        return Linear(layer + "/attn/o_proj/MatMul", attended, _recipe.Hidden, _recipe.Hidden);
    }

    /// <summary>SwiGLU: down(silu(gate(x)) · up(x)).</summary>
    private string FeedForward(string layer, string normal)
    {
        var gate = Linear(layer + "/mlp/gate_proj/MatMul", normal, _recipe.Hidden, _recipe.Intermediate);
        var up = Linear(layer + "/mlp/up_proj/MatMul", normal, _recipe.Hidden, _recipe.Intermediate);
        var sigmoid = _graph.Node("Sigmoid", layer + "/mlp/act_fn/Sigmoid", [gate]);
        var silu = _graph.Node("Mul", layer + "/mlp/act_fn/Mul", [gate, sigmoid]);
        var gated = _graph.Node("Mul", layer + "/mlp/Mul", [silu, up]);
        return Linear(layer + "/mlp/down_proj/MatMul", gated, _recipe.Intermediate, _recipe.Hidden);
    }

    /// <summary>RMS normalisation of the residual plus what was last added; returns the sum as the new residual.</summary>
    private (string Normal, string Residual) Normalise(string name, string residual, string added)
    {
        var weight = FloatVector(name[1..].Replace('/', '.') + ".weight", _recipe.Hidden, () => 1);
        return _operators.Normalise(name, weight, residual, added);
    }

    private string FloatEmbedding()
    {
        const string Name = "model.embed_tokens.weight";
        var random = new RandomStream(_recipe.Seed, Name);
        _parameters += (long)_recipe.Vocabulary * _recipe.Hidden;
        var table = _graph.Tensor(
            Name, ElementType.Float, [_recipe.Vocabulary, _recipe.Hidden], TensorFills.Floats(() => random.Normal(1)));
        return _graph.Node("Gather", "/model/embed_tokens/Gather", [table, "input_ids"], [("axis", 0)]);
    }

    /// <summary>A matrix whose results have the spread of its inputs.</summary>
    private string Linear(string name, string input, int inputs, int outputs)
    {
        var deviation = 1 / MathF.Sqrt(inputs);
        var matrix = Matrix(name[1..].Replace('/', '.') + ".weight", inputs, outputs, _ => deviation);
        return _operators.Multiply(name, input, matrix, output: null);
    }

    private QuantisedMatrix Matrix(string name, int inputs, int outputs, Func<int, float> deviation, bool asTable = false)
    {
        var matrix = _operators.Matrix(name, inputs, outputs, deviation, asTable);
        _parameters += matrix.Parameters;
        return matrix;
    }

    private string FloatVector(string name, int length, Func<float> next)
    {
        _parameters += length;
        var values = _recipe.Trained?.Weights.Vector(name, length) ?? TensorFills.Floats(next);
        return _graph.Tensor(name, ElementType.Float, [length], values);
    }
}
