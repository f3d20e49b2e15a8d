using System.Buffers.Binary;
using Google.Protobuf;

namespace OffLM.Edge.Network.Wire;

/// <summary>Amounts as messages carry them: whole atto-OFFLM in big-endian bytes without leading zeros; empty is 0.</summary>
internal static class WireAmount
{
    public static ByteString Encode(UInt128 atto)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, atto);
        return ByteString.CopyFrom(bytes.TrimStart((byte)0));
    }
}
