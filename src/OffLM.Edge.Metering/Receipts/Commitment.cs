using System.Text;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Receipts;

/// <summary>Binds a receipt to a text without telling it: keccak256(salt ‖ UTF-8).</summary>
public static class Commitment
{
    /// <summary>The commitment to a whole text.</summary>
    public static Bytes32 To(in Bytes32 salt, string text) => Keccak256.Hash(salt.AsSpan(), Encoding.UTF8.GetBytes(text));

    /// <summary>The commitment to bytes, such as canonical JSON.</summary>
    public static Bytes32 To(in Bytes32 salt, ReadOnlySpan<byte> utf8) => Keccak256.Hash(salt.AsSpan(), utf8);

    /// <summary>The commitment to a JSON document, whichever way it is written: to its form of RFC 8785.</summary>
    /// <exception cref="System.Text.Json.JsonException">It is no JSON.</exception>
    public static Bytes32 ToJson(in Bytes32 salt, ReadOnlyMemory<byte> json) => To(salt, CanonicalJson.Canonicalize(json));

    /// <summary>A commitment that grows with its text; nothing of the text is kept.</summary>
    public static Keccak256 Begin(in Bytes32 salt)
    {
        var hash = new Keccak256();
        hash.Append(salt.AsSpan());
        return hash;
    }
}
