namespace OffLM.ModelForge.Onnx;

/// <summary>
/// Builds a ModelProto (onnx.proto, IR version 10). Small tensors lie in the graph, large ones in an external data file.
/// Every method that adds something returns the name by which later nodes refer to it.
/// </summary>
/// <param name="data">Takes the large tensors.</param>
/// <param name="half">Whether all floats become 16-bit ones.</param>
internal sealed class OnnxGraph(ExternalDataFile data, bool half = false)
{
    /// <summary>The domain of ONNX Runtime's own operators.</summary>
    public const string Microsoft = "com.microsoft";

    private const int IrVersion = 10;
    private const int StandardOpset = 21;
    private const int MicrosoftOpset = 1;
    private const int ExternalLocation = 1;

    /// <summary>Smaller tensors stay in the graph: a page of external data each would cost more than it saves.</summary>
    private const int InlineBytes = 1024;

    private readonly ProtobufWriter _nodes = new();
    private readonly ProtobufWriter _initializers = new();
    private readonly ProtobufWriter _inputs = new();
    private readonly ProtobufWriter _outputs = new();
    private readonly HashSet<string> _constants = [];

    /// <summary>Adds a graph input.</summary>
    public string Input(string name, ElementType type, params ReadOnlySpan<Dimension> shape)
    {
        _inputs.Message(11, ValueInfo(name, type, shape));
        return name;
    }

    /// <summary>Adds a graph output.</summary>
    public void Output(string name, ElementType type, params ReadOnlySpan<Dimension> shape) =>
        _outputs.Message(12, ValueInfo(name, type, shape));

    /// <summary>Adds an operator with one output, named after the node.</summary>
    /// <param name="op">The operator's type.</param>
    /// <param name="name">The node's name.</param>
    /// <param name="inputs">Names of values; an empty name is an optional input left out.</param>
    /// <param name="attributes">The operator's constants.</param>
    /// <param name="domain">Empty for ONNX's own operators.</param>
    /// <param name="output">The output's name where it matters to the outside.</param>
    public string Node(string op, string name, string[] inputs, NodeAttribute[]? attributes = null, string domain = "", string? output = null)
    {
        output ??= name + "/output_0";
        Node(op, name, inputs, [output], attributes, domain);
        return output;
    }

    /// <summary>Adds an operator with several outputs; an empty name is an optional output left out.</summary>
    public void Node(string op, string name, string[] inputs, string[] outputs, NodeAttribute[]? attributes = null, string domain = "")
    {
        var node = new ProtobufWriter();
        foreach (var input in inputs)
        {
            node.Text(1, input);
        }

        foreach (var output in outputs)
        {
            node.Text(2, output);
        }

        node.Text(3, name).Text(4, op);
        foreach (var attribute in attributes ?? [])
        {
            node.Message(5, attribute.Proto);
        }

        if (domain.Length > 0)
        {
            node.Text(7, domain);
        }

        _nodes.Message(1, node);
    }

    /// <summary>Adds an input that may be left out: then it is empty, one of its dimensions being 0.</summary>
    public string OptionalMatrix(string name, Dimension rows, Dimension columns)
    {
        Input(name, ElementType.Float, rows, columns);
        return Tensor(name, ElementType.Float, [rows.Length, columns.Length], _ => { });
    }

    /// <summary>Adds a tensor whose bytes <paramref name="fill"/> produces in order.</summary>
    public string Tensor(string name, ElementType type, ReadOnlySpan<long> shape, TensorFill fill)
    {
        if (Stored(type) != type)
        {
            (type, fill) = (Stored(type), TensorFills.Halves(fill));
        }

        var bytes = SizeOf(type);
        var tensor = new ProtobufWriter();
        foreach (var length in shape)
        {
            bytes *= length;
            tensor.Integer(1, length);
        }

        bytes = type == ElementType.Int4 ? (bytes + 1) / 2 : bytes;

        tensor.Integer(2, (int)type).Text(8, name);
        if (bytes < InlineBytes)
        {
            Span<byte> raw = stackalloc byte[(int)bytes];
            fill(raw);
            tensor.Bytes(9, raw);
        }
        else
        {
            var offset = data.Append(bytes, fill);
            tensor
                .Message(13, Entry("location", data.Location))
                .Message(13, Entry("offset", $"{offset}"))
                .Message(13, Entry("length", $"{bytes}"))
                .Integer(14, ExternalLocation);
        }

        _initializers.Message(5, tensor);
        return name;
    }

    /// <summary>An integer scalar; equal ones are shared.</summary>
    public string Scalar(long value) => Integers($"/model/constants/scalar/{value}", [], [value]);

    /// <summary>A vector of integers; equal ones are shared.</summary>
    public string Vector(params long[] values) =>
        Integers($"/model/constants/vector/{string.Join('x', values)}", [values.Length], values);

    /// <summary>A float scalar; one of the same name is shared.</summary>
    public string Constant(string name, float value) => _constants.Add(name) ? Tensor(name, ElementType.Float, [], TensorFills.Floats(() => value)) : name;

    /// <summary>The finished model.</summary>
    public ReadOnlySpan<byte> ToModelProto()
    {
        // Concatenated messages merge in protobuf: the repeated fields of the four parts follow each other.
        var graph = new ProtobufWriter().Text(2, "main_graph");
        var parts = new[] { _nodes, _initializers, _inputs, _outputs };
        foreach (var part in parts)
        {
            graph.Append(part);
        }

        return new ProtobufWriter()
            .Integer(1, IrVersion)
            .Text(2, "model-forge")
            .Message(7, graph)
            .Message(8, new ProtobufWriter().Text(1, "").Integer(2, StandardOpset))
            .Message(8, new ProtobufWriter().Text(1, Microsoft).Integer(2, MicrosoftOpset))
            .Written;
    }

    private ElementType Stored(ElementType type) => half && type == ElementType.Float ? ElementType.Float16 : type;

    private static long SizeOf(ElementType type) => type switch
    {
        ElementType.UInt8 or ElementType.Int8 or ElementType.Int4 => 1,
        ElementType.Float16 => 2,
        ElementType.Float or ElementType.Int32 => 4,
        ElementType.Int64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown element type"),
    };

    private static ProtobufWriter Entry(string key, string value) => new ProtobufWriter().Text(1, key).Text(2, value);

    private ProtobufWriter ValueInfo(string name, ElementType type, ReadOnlySpan<Dimension> shape)
    {
        var dimensions = new ProtobufWriter();
        foreach (var dimension in shape)
        {
            dimensions.Message(1, dimension.Name is null
                ? new ProtobufWriter().Integer(1, dimension.Length)
                : new ProtobufWriter().Text(2, dimension.Name));
        }

        var tensor = new ProtobufWriter().Integer(1, (int)Stored(type)).Message(2, dimensions);
        return new ProtobufWriter().Text(1, name).Message(2, new ProtobufWriter().Message(1, tensor));
    }

    private string Integers(string name, ReadOnlySpan<long> shape, long[] values)
    {
        return _constants.Add(name) ? Tensor(name, ElementType.Int64, shape, TensorFills.Integers(values)) : name;
    }
}
