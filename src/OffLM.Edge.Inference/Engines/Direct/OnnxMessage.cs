using System.Text;

namespace OffLM.Edge.Inference;

/// <summary>One message of an ONNX file, written in protobuf's wire format (onnx.proto).</summary>
internal sealed class OnnxMessage
{
    internal const int Float = 1;
    internal const int Int64 = 7;

    private const ulong Varint = 0;
    private const ulong LengthDelimited = 2;

    private readonly MemoryStream _bytes = new();

    /// <summary>A tensor's name, type and shape (ValueInfoProto).</summary>
    internal static OnnxMessage Value(string name, int type, params ReadOnlySpan<OnnxMessage> dimensions)
    {
        var shape = new OnnxMessage();
        foreach (var dimension in dimensions)
        {
            shape.Message(1, dimension);
        }

        var tensor = new OnnxMessage().Number(1, type).Message(2, shape);
        return new OnnxMessage().Text(1, name).Message(2, new OnnxMessage().Message(1, tensor));
    }

    /// <summary>A dimension that is known when the graph runs.</summary>
    internal static OnnxMessage Named(string name) => new OnnxMessage().Text(2, name);

    /// <summary>A dimension that is always the same.</summary>
    internal static OnnxMessage Fixed(long length) => new OnnxMessage().Number(1, length);

    /// <summary>Integers in one dimension that never change (TensorProto).</summary>
    internal static OnnxMessage Constant(string name, params ReadOnlySpan<long> values)
    {
        var tensor = new OnnxMessage().Number(1, values.Length).Number(2, Int64);
        foreach (var value in values)
        {
            tensor.Number(7, value);
        }

        return tensor.Text(8, name);
    }

    /// <summary>An operator of the ONNX standard with one result (NodeProto).</summary>
    internal static OnnxMessage Node(string kind, string result, params ReadOnlySpan<string> inputs)
    {
        var node = new OnnxMessage();
        foreach (var input in inputs)
        {
            node.Text(1, input);
        }

        return node.Text(2, result).Text(3, result + "/" + kind).Text(4, kind);
    }

    /// <summary>Gives a node an attribute that is one number (AttributeProto).</summary>
    internal OnnxMessage Attribute(string name, long value) => Message(5, new OnnxMessage().Text(1, name).Number(3, value).Number(20, 2));

    /// <summary>Gives a node an attribute that is a list of one number.</summary>
    internal OnnxMessage ListAttribute(string name, long value) => Message(5, new OnnxMessage().Text(1, name).Number(8, value).Number(20, 7));

    internal OnnxMessage Number(int field, long value)
    {
        Write(((ulong)field << 3) | Varint);
        Write((ulong)value);
        return this;
    }

    internal OnnxMessage Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

    internal OnnxMessage Message(int field, OnnxMessage message) => Bytes(field, message.ToArray());

    internal OnnxMessage Bytes(int field, byte[] bytes)
    {
        Write(((ulong)field << 3) | LengthDelimited);
        Write((ulong)bytes.Length);
        _bytes.Write(bytes);
        return this;
    }

    internal byte[] ToArray() => _bytes.ToArray();

    private void Write(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _bytes.WriteByte((byte)(value | 0x80));
        }

        _bytes.WriteByte((byte)value);
    }
}
