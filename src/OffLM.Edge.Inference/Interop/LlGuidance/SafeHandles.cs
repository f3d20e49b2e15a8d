using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference.Interop.LlGuidance;

internal sealed class TokenizerHandle : SafeHandle
{
    public TokenizerHandle(nint address)
        : base(0, ownsHandle: true) => SetHandle(address);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.llg_free_tokenizer(handle);
        return true;
    }
}

internal sealed class MatcherHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.llg_free_matcher(handle);
        return true;
    }
}
