using Google.Protobuf;
using Google.Protobuf.Collections;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Network.Wire;

/// <summary>A batch message's dictionary: each hash and address that its entries repeat stands in it once, and is named by its place from 1.</summary>
/// <param name="words">Receives the words.</param>
internal sealed class WordTable(RepeatedField<ByteString> words)
{
    private readonly Dictionary<Bytes32, uint> _hashes = [];
    private readonly Dictionary<Address, uint> _addresses = [];

    /// <summary>The place of a hash; 0 for the zero hash.</summary>
    public uint Of(Bytes32 hash) => hash.IsZero ? 0
        : _hashes.TryGetValue(hash, out var place) ? place
        : _hashes[hash] = Add(hash.AsSpan());

    /// <summary>The place of an address; 0 for the zero address.</summary>
    public uint Of(Address address) => address.IsZero ? 0
        : _addresses.TryGetValue(address, out var place) ? place
        : _addresses[address] = Add(address.AsSpan());

    private uint Add(ReadOnlySpan<byte> word)
    {
        words.Add(ByteString.CopyFrom(word));
        return (uint)words.Count;
    }
}
