using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace OffLM.ModelForge.Onnx;

/// <summary>Writes one message in the protobuf wire format (protobuf.dev/programming-guides/encoding).</summary>
internal sealed class ProtobufWriter
{
    private const uint WireVarint = 0;
    private const uint WireLengthDelimited = 2;
    private const uint WireFixed32 = 5;

    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>The message so far.</summary>
    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    /// <summary>A field of type int32, int64 or enum.</summary>
    public ProtobufWriter Integer(int field, long value)
    {
        Tag(field, WireVarint);
        Varint((ulong)value);
        return this;
    }

    /// <summary>A field of type float.</summary>
    public ProtobufWriter Float(int field, float value)
    {
        Tag(field, WireFixed32);
        BinaryPrimitives.WriteSingleLittleEndian(_buffer.GetSpan(sizeof(float)), value);
        _buffer.Advance(sizeof(float));
        return this;
    }

    /// <summary>A field of type bytes.</summary>
    public ProtobufWriter Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, WireLengthDelimited);
        Varint((ulong)value.Length);
        _buffer.Write(value);
        return this;
    }

    /// <summary>A field of type string.</summary>
    public ProtobufWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>A field that holds a message.</summary>
    public ProtobufWriter Message(int field, ProtobufWriter message) => Bytes(field, message.Written);

    /// <summary>The fields of another part of this same message.</summary>
    public ProtobufWriter Append(ProtobufWriter part)
    {
        _buffer.Write(part.Written);
        return this;
    }

    private void Tag(int field, uint wireType) => Varint(((ulong)field << 3) | wireType);

    private void Varint(ulong value)
    {
        var span = _buffer.GetSpan(10);
        var length = 0;
        while (value >= 0x80)
        {
            span[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[length++] = (byte)value;
        _buffer.Advance(length);
    }
}
