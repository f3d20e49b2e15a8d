using System.Buffers.Binary;
using Google.Protobuf;
using OffLM.Edge.Signing;

namespace OffLM.Fleet.Messages;

/// <summary>Reads single fields of protobuf messages, strictly.</summary>
internal static class Fields
{
    private const int AmountSize = 16;

    /// <exception cref="MalformedMessageException">Not 32 bytes.</exception>
    public static Bytes32 Hash(ByteString value, string name) =>
        value.Length == Bytes32.Size ? new Bytes32(value.Span) : throw Wrong(name, $"{value.Length} bytes", "32");

    /// <summary>A hash whose absence stands for zero.</summary>
    /// <exception cref="MalformedMessageException">Neither empty nor 32 bytes.</exception>
    public static Bytes32 HashOrZero(ByteString value, string name) => value.IsEmpty ? Bytes32.Zero : Hash(value, name);

    /// <exception cref="MalformedMessageException">Not 20 bytes.</exception>
    public static Address AddressOf(ByteString value, string name) =>
        value.Length == Address.Size ? new Address(value.Span) : throw Wrong(name, $"{value.Length} bytes", "20");

    /// <summary>Atto, in the one form that an amount has: big-endian, no leading zeros, empty for 0.</summary>
    /// <exception cref="MalformedMessageException">Another form, or beyond 128 bits.</exception>
    public static UInt128 Amount(ByteString value, string name)
    {
        if (value.Length > AmountSize)
        {
            throw Wrong(name, $"{value.Length} bytes", $"at most {AmountSize}");
        }

        if (!value.IsEmpty && value[0] == 0)
        {
            throw new MalformedMessageException($"{name} begins with a zero byte; amounts have none, and 0 is empty.");
        }

        Span<byte> bytes = stackalloc byte[AmountSize];
        bytes.Clear();
        value.Span.CopyTo(bytes[(AmountSize - value.Length)..]);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    /// <exception cref="MalformedMessageException">Above 255.</exception>
    public static byte Byte(uint value, string name) =>
        value <= byte.MaxValue ? (byte)value : throw Wrong(name, $"{value}", $"at most {byte.MaxValue}");

    /// <exception cref="MalformedMessageException">Above 65535.</exception>
    public static ushort UInt16(uint value, string name) =>
        value <= ushort.MaxValue ? (ushort)value : throw Wrong(name, $"{value}", $"at most {ushort.MaxValue}");

    /// <summary>A number that the database can order by.</summary>
    /// <exception cref="MalformedMessageException">Above 2⁶³ − 1.</exception>
    public static ulong Ordinal(ulong value, string name) =>
        value <= long.MaxValue ? value : throw Wrong(name, $"{value}", "at most 2^63 - 1");

    private static MalformedMessageException Wrong(string name, string found, string expected) => new($"{name} has {found}; expected {expected}.");
}
