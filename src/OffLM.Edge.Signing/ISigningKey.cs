namespace OffLM.Edge.Signing;

/// <summary>What holds a node's key. Signs 32-byte digests and nothing else; the key never leaves it.</summary>
public interface ISigningKey : IDisposable
{
    /// <summary>The address derived from the public key.</summary>
    Address Address { get; }

    /// <summary>What kind of thing holds the key.</summary>
    KeyClass Class { get; }

    /// <summary>The key's URI, without secrets, for people to read.</summary>
    string Description { get; }

    /// <summary>How many signatures the hardware says it has made; 0 for a key file.</summary>
    /// <exception cref="KeyUnavailableException">The key can't be reached now.</exception>
    ValueTask<uint> ReadCounterAsync(CancellationToken cancellation);

    /// <summary>Signs a digest; s is low and the recovery id is right.</summary>
    /// <exception cref="KeyUnavailableException">The key can't be reached now.</exception>
    ValueTask<RecoverableSignature> SignAsync(Bytes32 digest, CancellationToken cancellation);
}

/// <summary>The <c>keyClass</c> of a batch.</summary>
public enum KeyClass : byte
{
    /// <summary>An encrypted file.</summary>
    KeyFile = 1,

    /// <summary>A USB smart card.</summary>
    SmartCard = 2,
}

/// <summary>The signing key is missing, locked or wrong. The node goes on answering; receipts stay open until it is back.</summary>
public sealed class KeyUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
