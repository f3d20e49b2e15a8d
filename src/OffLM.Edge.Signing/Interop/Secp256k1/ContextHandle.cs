using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace OffLM.Edge.Signing.Interop.Secp256k1;

/// <summary>A <c>secp256k1_context</c>, blinded against side channels. Its const functions may be called from many threads.</summary>
internal sealed unsafe class ContextHandle : SafeHandle
{
    public ContextHandle()
        : base(0, ownsHandle: true)
    {
        SetHandle(NativeMethods.secp256k1_context_create(NativeMethods.ContextSignAndVerify));
        Span<byte> seed = stackalloc byte[32];
        RandomNumberGenerator.Fill(seed);
        fixed (byte* p = seed)
        {
            _ = NativeMethods.secp256k1_context_randomize(handle, p);
        }

        CryptographicOperations.ZeroMemory(seed);
    }

    public override bool IsInvalid => handle == 0;

    public nint Value => handle;

    protected override bool ReleaseHandle()
    {
        NativeMethods.secp256k1_context_destroy(handle);
        return true;
    }
}
