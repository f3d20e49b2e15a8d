using System.Buffers.Binary;

namespace OffLM.Edge.Signing.TypedStructs;

/// <summary>
/// Encodes a typed structure as EIP-712 says: the type's hash, then each field as one 32-byte word.
/// The struct hash is the Keccak-256 of it all.
/// </summary>
public ref struct StructEncoder
{
    private readonly Span<byte> _words;
    private int _length;

    /// <param name="typeHash">Keccak-256 of the type's string.</param>
    /// <param name="words">Room for the type hash and the fields, 32 bytes each.</param>
    public StructEncoder(in Bytes32 typeHash, Span<byte> words)
    {
        _words = words;
        Add(typeHash);
    }

    public void Add(in Bytes32 value) => value.AsSpan().CopyTo(Next());

    public void Add(in Address value)
    {
        var word = Next();
        word[..12].Clear();
        value.AsSpan().CopyTo(word[12..]);
    }

    /// <summary>Any unsigned integer field up to 64 bits.</summary>
    public void Add(ulong value)
    {
        var word = Next();
        word[..24].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(word[24..], value);
    }

    public void Add(UInt128 value)
    {
        var word = Next();
        word[..16].Clear();
        BinaryPrimitives.WriteUInt128BigEndian(word[16..], value);
    }

    public readonly Bytes32 Hash() => _length == _words.Length
        ? Keccak256.Hash(_words)
        : throw new InvalidOperationException($"The structure has {_words.Length / 32} words, {_length / 32} were given.");

    private Span<byte> Next()
    {
        if (_length == _words.Length)
        {
            throw new InvalidOperationException($"The structure has {_words.Length / 32} words, one more was given.");
        }

        var word = _words.Slice(_length, 32);
        _length += 32;
        return word;
    }
}
