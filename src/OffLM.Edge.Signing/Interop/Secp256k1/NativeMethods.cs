using System.Runtime.InteropServices;

namespace OffLM.Edge.Signing.Interop.Secp256k1;

/// <summary>libsecp256k1, <c>secp256k1.h</c> and <c>secp256k1_recovery.h</c>.</summary>
internal static unsafe partial class NativeMethods
{
    internal const string Library = "libsecp256k1";

    /// <summary>SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY: needed before 0.2, harmless since.</summary>
    internal const uint ContextSignAndVerify = 0x301;

    /// <summary>SECP256K1_EC_UNCOMPRESSED.</summary>
    internal const uint Uncompressed = 2;

    static NativeMethods() => SigningLibraries.Register();

    [LibraryImport(Library)]
    internal static partial nint secp256k1_context_create(uint flags);

    [LibraryImport(Library)]
    internal static partial void secp256k1_context_destroy(nint context);

    [LibraryImport(Library)]
    internal static partial int secp256k1_context_randomize(nint context, byte* seed32);

    [LibraryImport(Library)]
    internal static partial int secp256k1_ec_seckey_verify(nint context, byte* secretKey32);

    [LibraryImport(Library)]
    internal static partial int secp256k1_ec_pubkey_create(nint context, byte* publicKey64, byte* secretKey32);

    [LibraryImport(Library)]
    internal static partial int secp256k1_ec_pubkey_serialize(nint context, byte* output, nuint* length, byte* publicKey64, uint flags);

    [LibraryImport(Library)]
    internal static partial int secp256k1_ecdsa_sign_recoverable(
        nint context, byte* signature65, byte* message32, byte* secretKey32, nint nonceFunction, nint nonceData);

    [LibraryImport(Library)]
    internal static partial int secp256k1_ecdsa_recoverable_signature_serialize_compact(
        nint context, byte* output64, int* recoveryId, byte* signature65);

    [LibraryImport(Library)]
    internal static partial int secp256k1_ecdsa_recoverable_signature_parse_compact(
        nint context, byte* signature65, byte* input64, int recoveryId);

    [LibraryImport(Library)]
    internal static partial int secp256k1_ecdsa_recoverable_signature_convert(nint context, byte* signature64, byte* signature65);

    [LibraryImport(Library)]
    internal static partial int secp256k1_ecdsa_signature_parse_compact(nint context, byte* signature64, byte* input64);

    [LibraryImport(Library)]
    internal static partial int secp256k1_ecdsa_signature_serialize_compact(nint context, byte* output64, byte* signature64);

    [LibraryImport(Library)]
    internal static partial int secp256k1_ecdsa_signature_normalize(nint context, byte* output64, byte* input64);

    [LibraryImport(Library)]
    internal static partial int secp256k1_ecdsa_recover(nint context, byte* publicKey64, byte* signature65, byte* message32);
}
