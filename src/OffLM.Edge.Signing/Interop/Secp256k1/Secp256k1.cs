namespace OffLM.Edge.Signing.Interop.Secp256k1;

/// <summary>The curve operations that Ethereum signatures need.</summary>
internal static unsafe class Secp256k1
{
    private static readonly ContextHandle Context = new();

    /// <summary>False for zero and for values not below the group's order.</summary>
    public static bool IsValidSecret(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != 32)
        {
            return false;
        }

        fixed (byte* key = secret)
        {
            return NativeMethods.secp256k1_ec_seckey_verify(Context.Value, key) == 1;
        }
    }

    /// <exception cref="ArgumentException">Not a valid secret key.</exception>
    public static Address AddressOf(ReadOnlySpan<byte> secret) => Address.OfPublicKey(PublicKeyOf(secret));

    /// <summary>x and y of the public key, 64 bytes.</summary>
    /// <exception cref="ArgumentException">Not a valid secret key.</exception>
    public static byte[] PublicKeyOf(ReadOnlySpan<byte> secret)
    {
        RequireValid(secret);
        var internalKey = stackalloc byte[64];
        fixed (byte* key = secret)
        {
            Require(NativeMethods.secp256k1_ec_pubkey_create(Context.Value, internalKey, key));
        }

        return Serialize(internalKey);
    }

    /// <summary>Signs 32 bytes with a deterministic nonce (RFC 6979); s is low.</summary>
    /// <exception cref="ArgumentException">Not a valid secret key.</exception>
    public static RecoverableSignature Sign(in Bytes32 digest, ReadOnlySpan<byte> secret)
    {
        RequireValid(secret);
        var signature = stackalloc byte[65];
        var compact = stackalloc byte[65];
        int recoveryId;
        fixed (byte* key = secret, message = digest.AsSpan())
        {
            Require(NativeMethods.secp256k1_ecdsa_sign_recoverable(Context.Value, signature, message, key, 0, 0));
        }

        Require(NativeMethods.secp256k1_ecdsa_recoverable_signature_serialize_compact(Context.Value, compact, &recoveryId, signature));
        compact[64] = (byte)(27 + recoveryId);
        return new RecoverableSignature(new ReadOnlySpan<byte>(compact, 65));
    }

    /// <summary>The signer's address; null if v is neither 27 nor 28, r or s is no number of the group, s is high, or fits no key.</summary>
    public static Address? Recover(in RecoverableSignature signature, in Bytes32 digest)
    {
        var parsed = stackalloc byte[65];
        var plain = stackalloc byte[64];
        var normalized = stackalloc byte[64];
        var publicKey = stackalloc byte[64];
        fixed (byte* compact = signature.AsSpan(), message = digest.AsSpan())
        {
            // The library ends the process when it is given an impossible recovery id.
            if (compact[64] is not (27 or 28)
                || NativeMethods.secp256k1_ecdsa_recoverable_signature_parse_compact(Context.Value, parsed, compact, compact[64] - 27) != 1
                || NativeMethods.secp256k1_ecdsa_recoverable_signature_convert(Context.Value, plain, parsed) != 1
                || NativeMethods.secp256k1_ecdsa_signature_normalize(Context.Value, normalized, plain) != 0
                || NativeMethods.secp256k1_ecdsa_recover(Context.Value, publicKey, parsed, message) != 1)
            {
                return null;
            }
        }

        return Address.OfPublicKey(Serialize(publicKey));
    }

    /// <summary>Gives a signature that another maker made Ethereum's form: s low, and the recovery id that leads to its signer.</summary>
    /// <param name="rs">r and s, 64 bytes; s may be high.</param>
    /// <param name="digest">What was signed.</param>
    /// <param name="signer">Who should have signed it.</param>
    /// <returns>Null if it is not a signature of this digest by this signer.</returns>
    public static RecoverableSignature? Complete(ReadOnlySpan<byte> rs, in Bytes32 digest, in Address signer)
    {
        if (rs.Length != 64)
        {
            return null;
        }

        var parsed = stackalloc byte[64];
        var low = stackalloc byte[64];
        var completed = stackalloc byte[RecoverableSignature.Size];
        fixed (byte* compact = rs)
        {
            if (NativeMethods.secp256k1_ecdsa_signature_parse_compact(Context.Value, parsed, compact) != 1)
            {
                return null;
            }
        }

        _ = NativeMethods.secp256k1_ecdsa_signature_normalize(Context.Value, low, parsed);
        Require(NativeMethods.secp256k1_ecdsa_signature_serialize_compact(Context.Value, completed, low));
        foreach (var v in (ReadOnlySpan<byte>)[27, 28])
        {
            completed[64] = v;
            var signature = new RecoverableSignature(new ReadOnlySpan<byte>(completed, RecoverableSignature.Size));
            if (Recover(signature, digest) == signer)
            {
                return signature;
            }
        }

        return null;
    }

    private static byte[] Serialize(byte* internalKey)
    {
        var serialized = stackalloc byte[65];
        nuint length = 65;
        Require(NativeMethods.secp256k1_ec_pubkey_serialize(Context.Value, serialized, &length, internalKey, NativeMethods.Uncompressed));
        return new ReadOnlySpan<byte>(serialized + 1, 64).ToArray();
    }

    private static void RequireValid(ReadOnlySpan<byte> secret)
    {
        if (!IsValidSecret(secret))
        {
            throw new ArgumentException("Not a secp256k1 secret key: expected 32 bytes between 1 and the group's order.", nameof(secret));
        }
    }

    private static void Require(int result)
    {
        if (result != 1)
        {
            throw new InvalidOperationException($"libsecp256k1 returned {result} for a valid key.");
        }
    }
}
