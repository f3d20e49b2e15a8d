using System.Security.Cryptography;
using System.Text;

namespace OffLM.Edge.Signing.Cards;

/// <summary>A PIN in memory: never moved by the garbage collector, and overwritten when disposed.</summary>
public sealed class SecretText : IDisposable
{
    private readonly byte[] _bytes;

    /// <summary>Copies a secret; the caller overwrites its own.</summary>
    public SecretText(ReadOnlySpan<byte> utf8)
    {
        _bytes = GC.AllocateArray<byte>(utf8.Length, pinned: true);
        utf8.CopyTo(_bytes);
    }

    /// <summary>For what came as a string, which stays in memory until the garbage collector has it: environment variables, factory PINs.</summary>
    public static SecretText Of(ReadOnlySpan<char> text)
    {
        Span<byte> bytes = stackalloc byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        try
        {
            return new(bytes[..Encoding.UTF8.GetBytes(text, bytes)]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>The secret in UTF-8.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>True if the two are the same; takes as long if they are not.</summary>
    public bool Is(SecretText other) => CryptographicOperations.FixedTimeEquals(_bytes, other._bytes);

    public void Dispose() => CryptographicOperations.ZeroMemory(_bytes);

    /// <summary>Nothing of the secret.</summary>
    public override string ToString() => "(secret)";
}
