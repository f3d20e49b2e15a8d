using System.Security.Cryptography;
using OffLM.Edge.Signing.Interop.Secp256k1;

namespace OffLM.Edge.Signing;

/// <summary>A decrypted key file. The secret lives in memory until disposed, then is overwritten.</summary>
public sealed class KeyFileKey : ISigningKey
{
    private readonly byte[] _secret;
    private bool _disposed;

    internal KeyFileKey(string path, byte[] secret)
    {
        _secret = secret;
        Address = Secp256k1.AddressOf(secret);
        Description = "file:" + path;
    }

    public Address Address { get; }

    public KeyClass Class => KeyClass.KeyFile;

    public string Description { get; }

    public ValueTask<uint> ReadCounterAsync(CancellationToken cancellation) => new(0u);

    public ValueTask<RecoverableSignature> SignAsync(Bytes32 digest, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new(Secp256k1.Sign(digest, _secret));
    }

    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_secret);
    }
}
