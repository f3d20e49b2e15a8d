using System.Buffers.Binary;
using System.Text;

namespace OffLM.Edge.Signing.TypedStructs;

internal ref struct BinaryFieldReader(ReadOnlySpan<byte> bytes) : IFieldMapper
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly void End()
    {
        if (!_rest.IsEmpty)
        {
            throw new FormatException($"{_rest.Length} bytes too many in a stored structure.");
        }
    }

    public Bytes32 Field(string name, in Bytes32 value) => new(Take(name, Bytes32.Size));

    public Address Field(string name, in Address value) => new(Take(name, Address.Size));

    public ulong Field(string name, ulong value) => BinaryPrimitives.ReadUInt64BigEndian(Take(name, 8));

    public uint Field(string name, uint value) => BinaryPrimitives.ReadUInt32BigEndian(Take(name, 4));

    public ushort Field(string name, ushort value) => BinaryPrimitives.ReadUInt16BigEndian(Take(name, 2));

    public byte Field(string name, byte value) => Take(name, 1)[0];

    public UInt128 Field(string name, UInt128 value) => BinaryPrimitives.ReadUInt128BigEndian(Take(name, 16));

    public string Field(string name, string value) => Encoding.UTF8.GetString(Take(name, checked((int)Field(name, 0u))));

    private ReadOnlySpan<byte> Take(string name, int size)
    {
        if (_rest.Length < size)
        {
            throw new FormatException($"A stored structure ends before its field '{name}'.");
        }

        var taken = _rest[..size];
        _rest = _rest[size..];
        return taken;
    }
}
