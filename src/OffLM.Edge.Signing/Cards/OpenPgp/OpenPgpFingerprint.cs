using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Security.Cryptography;

namespace OffLM.Edge.Signing.Cards.OpenPgp;

/// <summary>The fingerprint that OpenPGP software knows a key by: RFC 4880 section 12.2, with the key material of RFC 6637 section 9.</summary>
internal static class OpenPgpFingerprint
{
    private const byte PacketMark = 0x99;
    private const byte Version = 4;
    private const byte Ecdsa = 19;
    private const byte Uncompressed = 0x04;

    /// <param name="publicKey">x and y of a key of secp256k1, 64 bytes.</param>
    /// <param name="madeAt">Unix seconds, four bytes, big-endian.</param>
    [SuppressMessage("Security", "CA5350", Justification = "RFC 4880 defines version 4 fingerprints with SHA-1; it names the key here and protects nothing.")]
    public static byte[] Of(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> madeAt)
    {
        var oid = AlgorithmAttributes.Secp256k1Oid;
        byte[] point = [Uncompressed, .. publicKey];
        var bits = (8 * (point.Length - 1)) + BitOperations.Log2(Uncompressed) + 1;
        byte[] body = [Version, .. madeAt, Ecdsa, (byte)oid.Length, .. oid, (byte)(bits >> 8), (byte)bits, .. point];
        var packet = new byte[3 + body.Length];
        packet[0] = PacketMark;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(1), (ushort)body.Length);
        body.CopyTo(packet, 3);
        return SHA1.HashData(packet);
    }
}
