using System.Numerics;
using System.Security.Cryptography;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.Interop.Secp256k1;

namespace OffLM.CardSimulator.Card;

/// <summary>Keys of secp256k1, as a card holds them.</summary>
public static class SimulatedKey
{
    private static readonly BigInteger Order = BigInteger.Parse("0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141", System.Globalization.NumberStyles.HexNumber);

    /// <summary>ECDSA over 1.3.132.0.10.</summary>
    public static ReadOnlySpan<byte> Attributes => [0x13, 0x2B, 0x81, 0x04, 0x00, 0x0A];

    public static byte[] Random(int length) => RandomNumberGenerator.GetBytes(length);

    public static byte[] Generate()
    {
        while (true)
        {
            var secret = Random(32);
            if (Secp256k1.IsValidSecret(secret))
            {
                return secret;
            }
        }
    }

    /// <summary>x and y.</summary>
    public static byte[] PublicKeyOf(byte[] secret) => Secp256k1.PublicKeyOf(secret);

    /// <summary>r and s.</summary>
    /// <param name="digest">32 bytes.</param>
    /// <param name="secret">The key.</param>
    /// <param name="high">Whether s is the larger of the two that are right.</param>
    public static byte[] Sign(byte[] digest, byte[] secret, bool high)
    {
        var signature = Secp256k1.Sign(new Bytes32(digest), secret).ToArray()[..64];
        if (high)
        {
            var s = Order - new BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true);
            var bytes = s.ToByteArray(isUnsigned: true, isBigEndian: true);
            signature.AsSpan(32).Clear();
            bytes.CopyTo(signature, 64 - bytes.Length);
        }

        return signature;
    }
}
