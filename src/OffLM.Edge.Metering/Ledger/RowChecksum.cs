using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace OffLM.Edge.Metering;

/// <summary>CRC-32C over a row's columns. Each column is preceded by its length, so that bytes can't move between columns.</summary>
internal struct RowChecksum
{
    private uint _crc = uint.MaxValue;

    public RowChecksum()
    {
    }

    public readonly long Value => _crc ^ uint.MaxValue;

    public RowChecksum Add(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Add(bytes);
    }

    public RowChecksum Add(string value) => Add(Encoding.UTF8.GetBytes(value));

    public RowChecksum Add(ReadOnlySpan<byte> value)
    {
        _crc = BitOperations.Crc32C(_crc, (uint)value.Length);
        while (value.Length >= 8)
        {
            _crc = BitOperations.Crc32C(_crc, BinaryPrimitives.ReadUInt64LittleEndian(value));
            value = value[8..];
        }

        foreach (var b in value)
        {
            _crc = BitOperations.Crc32C(_crc, b);
        }

        return this;
    }
}
