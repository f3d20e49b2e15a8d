using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Signing;

/// <summary>The EIP-712 domain that keeps a signature for one network from being used on another.</summary>
/// <param name="Name">The protocol's name.</param>
/// <param name="Version">The protocol's version.</param>
/// <param name="ChainId">EIP-155 chain id.</param>
/// <param name="VerifyingContract">The contract that settles.</param>
public sealed record TypedDomain(string Name, string Version, ulong ChainId, Address VerifyingContract)
{
    /// <summary>The contract address that marks a test network.</summary>
    public static readonly Address TestContract = Address.Parse("0x00000000000000000000000000000000000ff1ed");

    private static readonly Bytes32 TypeHash =
        Keccak256.Hash("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"u8);

    /// <summary>Computed once. A reference, so that threads that race for it see all of it or nothing.</summary>
    private byte[]? _separator;

    /// <summary>For <c>with</c>: the copy computes its own separator.</summary>
    private TypedDomain(TypedDomain other) =>
        (Name, Version, ChainId, VerifyingContract) = (other.Name, other.Version, other.ChainId, other.VerifyingContract);

    /// <summary>The domain of receipts on the network with this chain id and contract.</summary>
    public static TypedDomain Receipts(ulong chainId, Address verifyingContract) => new("OffLM Receipts", "1", chainId, verifyingContract);

    /// <summary>The default, a test network.</summary>
    public static TypedDomain TestNetwork { get; } = Receipts(11155111, TestContract);

    /// <summary>True where signatures are worth nothing: shown wherever the domain is.</summary>
    public bool IsTestNetwork => VerifyingContract == TestContract;

    /// <summary>The struct hash of the domain.</summary>
    public Bytes32 Separator => new(_separator ??= ComputeSeparator().ToArray());

    /// <summary>What is signed for a structure: keccak256(0x19 0x01 ‖ separator ‖ struct hash).</summary>
    public Bytes32 Digest(in Bytes32 structHash)
    {
        Span<byte> message = stackalloc byte[66];
        message[0] = 0x19;
        message[1] = 0x01;
        Separator.AsSpan().CopyTo(message[2..]);
        structHash.AsSpan().CopyTo(message[34..]);
        return Keccak256.Hash(message);
    }

    /// <summary>Equal domains are equal whether or not a separator was asked for.</summary>
    public bool Equals(TypedDomain? other) =>
        other is not null && (Name, Version, ChainId, VerifyingContract) == (other.Name, other.Version, other.ChainId, other.VerifyingContract);

    public override int GetHashCode() => HashCode.Combine(Name, Version, ChainId, VerifyingContract);

    private Bytes32 ComputeSeparator()
    {
        var encoder = new StructEncoder(TypeHash, stackalloc byte[5 * 32]);
        encoder.Add(Keccak256.Hash(System.Text.Encoding.UTF8.GetBytes(Name)));
        encoder.Add(Keccak256.Hash(System.Text.Encoding.UTF8.GetBytes(Version)));
        encoder.Add(ChainId);
        encoder.Add(VerifyingContract);
        return encoder.Hash();
    }
}
