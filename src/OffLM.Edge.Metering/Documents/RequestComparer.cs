using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Documents;

/// <summary>Hashes with the process's random seed: requests of a hostile document can't be made to collide.</summary>
internal sealed class RequestComparer : IEqualityComparer<Bytes32>
{
    public bool Equals(Bytes32 x, Bytes32 y) => x == y;

    public int GetHashCode(Bytes32 value)
    {
        var hash = default(HashCode);
        hash.AddBytes(value.AsSpan());
        return hash.ToHashCode();
    }
}
