namespace OffLM.ModelForge.Onnx;

/// <summary>A named constant of an operator (AttributeProto): an integer, a float or a list of integers.</summary>
internal sealed class NodeAttribute
{
    private const int TypeFloat = 1;
    private const int TypeInteger = 2;
    private const int TypeIntegers = 7;

    private NodeAttribute(ProtobufWriter proto) => Proto = proto;

    /// <summary>The attribute as an AttributeProto.</summary>
    public ProtobufWriter Proto { get; }

    public static implicit operator NodeAttribute((string Name, int Value) pair) =>
        new(new ProtobufWriter().Text(1, pair.Name).Integer(3, pair.Value).Integer(20, TypeInteger));

    public static implicit operator NodeAttribute((string Name, float Value) pair) =>
        new(new ProtobufWriter().Text(1, pair.Name).Float(2, pair.Value).Integer(20, TypeFloat));

    public static implicit operator NodeAttribute((string Name, int[] Values) pair)
    {
        var proto = new ProtobufWriter().Text(1, pair.Name);
        foreach (var value in pair.Values)
        {
            proto.Integer(8, value);
        }

        return new(proto.Integer(20, TypeIntegers));
    }
}
