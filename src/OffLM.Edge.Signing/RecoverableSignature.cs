using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OffLM.Edge.Signing.Interop.Secp256k1;

namespace OffLM.Edge.Signing;

/// <summary>A secp256k1 signature in Ethereum's form: r, s (low) and v, 27 or 28. 65 bytes.</summary>
[InlineArray(Size)]
public struct RecoverableSignature : IEquatable<RecoverableSignature>
{
    public const int Size = 65;

    private byte _first;

    /// <exception cref="ArgumentException">Not 65 bytes, or v is neither 27 nor 28.</exception>
    public RecoverableSignature(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size || bytes[^1] is not (27 or 28))
        {
            throw new ArgumentException("Expected a signature of 65 bytes that ends in 27 or 28.", nameof(bytes));
        }

        bytes.CopyTo(this);
    }

    /// <summary>Reads 0x and 130 hexadecimal digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out RecoverableSignature value)
    {
        value = default;
        if (Hex.TryDecode(text, value) && value[Size - 1] is 27 or 28)
        {
            return true;
        }

        value = default;
        return false;
    }

    [UnscopedRef]
    public readonly ReadOnlySpan<byte> AsSpan() => MemoryMarshal.CreateReadOnlySpan(in _first, Size);

    public readonly byte[] ToArray() => AsSpan().ToArray();

    /// <summary>The address whose key made this signature over <paramref name="digest"/>; null if no key could have, or s is high.</summary>
    public readonly Address? Recover(in Bytes32 digest) => Secp256k1.Recover(this, digest);

    public readonly bool Equals(RecoverableSignature other) => AsSpan().SequenceEqual(other.AsSpan());

    public override readonly bool Equals(object? obj) => obj is RecoverableSignature other && Equals(other);

    public override readonly int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(AsSpan());

    public override readonly string ToString() => Hex.Encode(AsSpan());

    public static bool operator ==(RecoverableSignature left, RecoverableSignature right) => left.Equals(right);

    public static bool operator !=(RecoverableSignature left, RecoverableSignature right) => !left.Equals(right);
}
