using System.Text;

namespace OffLM.Edge.Signing.TypedStructs;

/// <summary>encodeData of EIP-712.</summary>
internal ref struct StructHasher(StructEncoder encoder) : IFieldMapper
{
    private StructEncoder _encoder = encoder;

    public readonly Bytes32 Hash() => _encoder.Hash();

    public Bytes32 Field(string name, in Bytes32 value)
    {
        _encoder.Add(value);
        return value;
    }

    public Address Field(string name, in Address value)
    {
        _encoder.Add(value);
        return value;
    }

    public ulong Field(string name, ulong value)
    {
        _encoder.Add(value);
        return value;
    }

    public uint Field(string name, uint value)
    {
        _encoder.Add((ulong)value);
        return value;
    }

    public ushort Field(string name, ushort value)
    {
        _encoder.Add((ulong)value);
        return value;
    }

    public byte Field(string name, byte value)
    {
        _encoder.Add((ulong)value);
        return value;
    }

    public UInt128 Field(string name, UInt128 value)
    {
        _encoder.Add(value);
        return value;
    }

    public string Field(string name, string value)
    {
        _encoder.Add(Keccak256.Hash(Encoding.UTF8.GetBytes(value)));
        return value;
    }
}
