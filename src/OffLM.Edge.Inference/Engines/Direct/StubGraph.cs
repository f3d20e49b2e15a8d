using System.Buffers.Binary;
using System.Text;

namespace OffLM.Edge.Inference;

/// <summary>
/// The smallest graph that GenAI takes for a decoder: token ids in, a row of zeros out. With it GenAI opens a model's tokenizer, chat template and
/// grammars without a second copy of the weights. Written in ONNX's protobuf (onnx.proto, IR version 10).
/// </summary>
internal static class StubGraph
{
    private const int Float = 1;
    private const int Int64 = 7;
    private const string Shape = "shape";

    /// <param name="inputIds">The input's name.</param>
    /// <param name="logits">The output's name.</param>
    /// <param name="vocabularySize">The output's width.</param>
    internal static byte[] Write(string inputIds, string logits, int vocabularySize)
    {
        byte[] dimensions = new byte[3 * sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(dimensions, 1);
        BinaryPrimitives.WriteInt64LittleEndian(dimensions.AsSpan(sizeof(long)), 1);
        BinaryPrimitives.WriteInt64LittleEndian(dimensions.AsSpan(2 * sizeof(long)), vocabularySize);
        var node = new Message().Text(1, Shape).Text(2, logits).Text(4, "ConstantOfShape");
        var shape = new Message().Number(1, 3).Number(2, Int64).Text(8, Shape).Bytes(9, dimensions);
        var graph = new Message()
            .Bytes(1, node.ToArray())
            .Text(2, "stub")
            .Bytes(5, shape.ToArray())
            .Bytes(11, Value(inputIds, Int64, Named("batch"), Named("sequence")))
            .Bytes(12, Value(logits, Float, Fixed(1), Fixed(1), Fixed(vocabularySize)));
        return new Message().Number(1, 10).Bytes(7, graph.ToArray()).Bytes(8, new Message().Text(1, "").Number(2, 21).ToArray()).ToArray();
    }

    private static Message Named(string name) => new Message().Text(2, name);

    private static Message Fixed(long length) => new Message().Number(1, length);

    private static byte[] Value(string name, int type, params ReadOnlySpan<Message> dimensions)
    {
        var shape = new Message();
        foreach (var dimension in dimensions)
        {
            shape.Bytes(1, dimension.ToArray());
        }

        var tensor = new Message().Number(1, type).Bytes(2, shape.ToArray());
        return new Message().Text(1, name).Bytes(2, new Message().Bytes(1, tensor.ToArray()).ToArray()).ToArray();
    }

    /// <summary>One message in protobuf's wire format.</summary>
    private sealed class Message
    {
        private const ulong Varint = 0;
        private const ulong LengthDelimited = 2;

        private readonly MemoryStream _bytes = new();

        internal Message Number(int field, long value)
        {
            Write(((ulong)field << 3) | Varint);
            Write((ulong)value);
            return this;
        }

        internal Message Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

        internal Message Bytes(int field, byte[] bytes)
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
}
