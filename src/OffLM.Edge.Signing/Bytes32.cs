using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace OffLM.Edge.Signing;

/// <summary>A 256-bit hash, identifier or salt. Written as 0x and 64 lower-case hexadecimal digits.</summary>
[InlineArray(Size)]
public struct Bytes32 : IEquatable<Bytes32>
{
    public const int Size = 32;

    private byte _first;

    /// <exception cref="ArgumentException">The span is not 32 bytes long.</exception>
    public Bytes32(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"Expected 32 bytes, got {bytes.Length}.", nameof(bytes));
        }

        bytes.CopyTo(this);
    }

    public static Bytes32 Zero => default;

    /// <summary>32 bytes from the operating system's generator.</summary>
    public static Bytes32 Random()
    {
        var value = default(Bytes32);
        RandomNumberGenerator.Fill(value);
        return value;
    }

    /// <summary>Reads 0x and 64 hexadecimal digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Bytes32 value)
    {
        value = default;
        if (Hex.TryDecode(text, value))
        {
            return true;
        }

        value = default;
        return false;
    }

    /// <exception cref="FormatException">Anything but 0x and 64 hexadecimal digits.</exception>
    public static Bytes32 Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var value) ? value : throw new FormatException($"Expected 0x and 64 hexadecimal digits, got {text.Length} characters.");

    public readonly bool IsZero => Equals(default);

    [UnscopedRef]
    public readonly ReadOnlySpan<byte> AsSpan() => MemoryMarshal.CreateReadOnlySpan(in _first, Size);

    public readonly byte[] ToArray() => AsSpan().ToArray();

    public readonly bool Equals(Bytes32 other) => AsSpan().SequenceEqual(other.AsSpan());

    public override readonly bool Equals(object? obj) => obj is Bytes32 other && Equals(other);

    public override readonly int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(AsSpan());

    public override readonly string ToString() => Hex.Encode(AsSpan());

    public static bool operator ==(Bytes32 left, Bytes32 right) => left.Equals(right);

    public static bool operator !=(Bytes32 left, Bytes32 right) => !left.Equals(right);
}
