using Google.Protobuf;
using OffLM.Edge.Signing;

namespace OffLM.Fleet.Messages;

/// <summary>The repeated hashes and addresses of a batch message. Indices count from 1; 0 is the zero hash or address.</summary>
internal sealed class WordDictionary
{
    /// <summary>Beyond what 256 receipts and their tariffs can name.</summary>
    private const int MaxWords = 4096;

    private readonly IReadOnlyList<ByteString> _words;

    /// <exception cref="MalformedMessageException">Too many words, or one that is neither a hash nor an address.</exception>
    public WordDictionary(IReadOnlyList<ByteString> words)
    {
        _words = words.Count <= MaxWords ? words : throw new MalformedMessageException($"There are {words.Count} words; at most {MaxWords} are allowed.");
        foreach (var word in words)
        {
            if (word.Length is not (Bytes32.Size or Address.Size))
            {
                throw new MalformedMessageException($"A word has {word.Length} bytes; expected 32 for a hash or 20 for an address.");
            }
        }
    }

    /// <exception cref="MalformedMessageException">There is no such word, or it is an address.</exception>
    public Bytes32 Hash(uint index, string name) => index == 0 ? Bytes32.Zero : Fields.Hash(Word(index, name), name);

    /// <exception cref="MalformedMessageException">There is no such word, or it is a hash.</exception>
    public Address AddressOf(uint index, string name) => index == 0 ? Address.Zero : Fields.AddressOf(Word(index, name), name);

    private ByteString Word(uint index, string name) => index <= _words.Count
        ? _words[(int)index - 1]
        : throw new MalformedMessageException($"{name} is word {index}; there are {_words.Count}.");
}
