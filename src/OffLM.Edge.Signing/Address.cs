using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OffLM.Edge.Signing;

/// <summary>An Ethereum address: the last 20 bytes of the Keccak-256 of a public key.</summary>
[InlineArray(Size)]
public struct Address : IEquatable<Address>
{
    public const int Size = 20;

    /// <summary>Characters of an address as text.</summary>
    internal const int TextLength = 2 + (2 * Size);

    private byte _first;

    /// <exception cref="ArgumentException">The span is not 20 bytes long.</exception>
    public Address(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"Expected 20 bytes, got {bytes.Length}.", nameof(bytes));
        }

        bytes.CopyTo(this);
    }

    public static Address Zero => default;

    /// <summary>The address of an uncompressed public key without its leading 0x04, 64 bytes.</summary>
    public static Address OfPublicKey(ReadOnlySpan<byte> publicKey)
    {
        if (publicKey.Length != 64)
        {
            throw new ArgumentException($"Expected 64 bytes, got {publicKey.Length}.", nameof(publicKey));
        }

        var hash = Keccak256.Hash(publicKey);
        return new Address(hash.AsSpan()[12..]);
    }

    /// <summary>Reads 0x and 40 hexadecimal digits. Mixed case must be the EIP-55 checksum; one case alone is taken as it is.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Address value)
    {
        value = default;
        if (!Hex.TryDecode(text, value))
        {
            value = default;
            return false;
        }

        var digits = text[2..];
        var mixed = digits.ContainsAnyInRange('a', 'f') && digits.ContainsAnyInRange('A', 'F');
        if (mixed && !digits.SequenceEqual(value.ToString().AsSpan(2)))
        {
            value = default;
            return false;
        }

        return true;
    }

    /// <summary>Reads UTF-8 text; see <see cref="TryParse(ReadOnlySpan{char}, out Address)"/>.</summary>
    /// <param name="utf8">0x and 40 hexadecimal digits.</param>
    /// <param name="exact">Refuse all but the spelling of <see cref="ToString"/>.</param>
    /// <param name="value">The address.</param>
    internal static bool TryParse(ReadOnlySpan<byte> utf8, bool exact, out Address value)
    {
        value = default;
        Span<char> text = stackalloc char[TextLength];
        if (utf8.Length != TextLength || System.Text.Encoding.UTF8.GetChars(utf8, text) != TextLength || !TryParse(text, out value))
        {
            return false;
        }

        if (!exact || value.IsZero)
        {
            return !exact || utf8[1] == 'x';
        }

        Span<char> spelled = stackalloc char[TextLength];
        value.Format(spelled);
        return text.SequenceEqual(spelled);
    }

    /// <exception cref="FormatException">Not an address, or its EIP-55 checksum doesn't hold.</exception>
    public static Address Parse(ReadOnlySpan<char> text) => TryParse(text, out var value)
        ? value
        : throw new FormatException("Expected an address: 0x and 40 hexadecimal digits, all in one case or with a correct EIP-55 checksum.");

    public readonly bool IsZero => Equals(default);

    [UnscopedRef]
    public readonly ReadOnlySpan<byte> AsSpan() => MemoryMarshal.CreateReadOnlySpan(in _first, Size);

    public readonly byte[] ToArray() => AsSpan().ToArray();

    public readonly bool Equals(Address other) => AsSpan().SequenceEqual(other.AsSpan());

    public override readonly bool Equals(object? obj) => obj is Address other && Equals(other);

    public override readonly int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(AsSpan());

    /// <summary>0x and 40 digits in the mixed case of EIP-55.</summary>
    public override readonly string ToString()
    {
        Span<char> text = stackalloc char[TextLength];
        Format(text);
        return text.ToString();
    }

    /// <summary>Writes what <see cref="ToString"/> gives.</summary>
    /// <param name="text">Room for <see cref="TextLength"/> characters.</param>
    internal readonly void Format(Span<char> text)
    {
        Hex.Encode(AsSpan(), text);
        if (IsZero)
        {
            // Most addresses in receipts are zero and have no letters: the hash is spared.
            return;
        }

        Span<byte> lower = stackalloc byte[2 * Size];
        for (var i = 0; i < lower.Length; i++)
        {
            lower[i] = (byte)text[i + 2];
        }

        var checksum = Keccak256.Hash(lower);
        for (var i = 0; i < lower.Length; i++)
        {
            var nibble = (checksum[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 0xF;
            if (nibble >= 8)
            {
                text[i + 2] = char.ToUpperInvariant(text[i + 2]);
            }
        }
    }

    /// <summary>0x and 40 lower-case digits, as topics and file names have it.</summary>
    public readonly string ToLowerString() => Hex.Encode(AsSpan());

    public static bool operator ==(Address left, Address right) => left.Equals(right);

    public static bool operator !=(Address left, Address right) => !left.Equals(right);
}
