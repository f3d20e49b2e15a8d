namespace OffLM.Edge.Signing.Cards.OpenPgp;

/// <summary>What kind of key a slot holds or will generate: data objects C1 to C3, OpenPGP card 3.4.1 section 4.4.3.9.</summary>
public sealed record AlgorithmAttributes
{
    private const byte Rsa = 1;
    private const byte Ecdsa = 0x13;

    private readonly byte[] _bytes;

    internal AlgorithmAttributes(ReadOnlySpan<byte> bytes) => _bytes = bytes.ToArray();

    /// <summary>ECDSA over secp256k1, object identifier 1.3.132.0.10: what Ethereum signs with.</summary>
    public static ReadOnlySpan<byte> EcdsaSecp256k1 => [Ecdsa, 0x2B, 0x81, 0x04, 0x00, 0x0A];

    /// <summary>True if the slot signs what Ethereum can verify. A trailing byte says how keys are imported and doesn't matter.</summary>
    public bool IsEcdsaSecp256k1 => _bytes.AsSpan().StartsWith(EcdsaSecp256k1) && _bytes.Length <= EcdsaSecp256k1.Length + 1;

    internal static ReadOnlySpan<byte> Secp256k1Oid => EcdsaSecp256k1[1..];

    /// <summary>The algorithm's name, for people.</summary>
    public override string ToString() => _bytes switch
    {
        _ when IsEcdsaSecp256k1 => "ECDSA secp256k1",
        [Rsa, var high, var low, ..] => $"RSA {high << 8 | low}",
        [Ecdsa, ..] => "ECDSA on another curve",
        [0x16, ..] => "EdDSA",
        [] => "none",
        _ => $"algorithm {_bytes[0]}",
    };
}
