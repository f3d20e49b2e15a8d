using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace OffLM.Edge.Signing.TypedStructs;

internal readonly struct BinaryFieldWriter : IFieldMapper
{
    private readonly ArrayBufferWriter<byte> _buffer = new(512);

    public BinaryFieldWriter()
    {
    }

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    public Bytes32 Field(string name, in Bytes32 value)
    {
        _buffer.Write(value.AsSpan());
        return value;
    }

    public Address Field(string name, in Address value)
    {
        _buffer.Write(value.AsSpan());
        return value;
    }

    public ulong Field(string name, ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(Take(8), value);
        return value;
    }

    public uint Field(string name, uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);
        return value;
    }

    public ushort Field(string name, ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);
        return value;
    }

    public byte Field(string name, byte value)
    {
        Take(1)[0] = value;
        return value;
    }

    public UInt128 Field(string name, UInt128 value)
    {
        BinaryPrimitives.WriteUInt128BigEndian(Take(16), value);
        return value;
    }

    public string Field(string name, string value)
    {
        var utf8 = Encoding.UTF8.GetBytes(value);
        Field(name, (uint)utf8.Length);
        _buffer.Write(utf8);
        return value;
    }

    private Span<byte> Take(int size)
    {
        var span = _buffer.GetSpan(size);
        _buffer.Advance(size);
        return span;
    }
}
