using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference.Interop.OnnxRuntime;

/// <summary>An object of the library that one call releases.</summary>
internal abstract class OrtHandle : SafeHandle
{
    protected OrtHandle(nint address)
        : base(0, ownsHandle: true) => SetHandle(address);

    public sealed override bool IsInvalid => handle == 0;

    /// <summary>What the library's functions take. The owner keeps the handle alive for as long as the call runs.</summary>
    internal nint Address => IsClosed ? throw new ObjectDisposedException(GetType().Name) : handle;

    protected sealed override bool ReleaseHandle()
    {
        Release(handle);
        return true;
    }

    protected abstract void Release(nint address);
}

internal sealed class EnvironmentHandle(nint address) : OrtHandle(address)
{
    protected override void Release(nint address) => NativeMethods.ReleaseEnv(address);
}

internal sealed class SessionOptionsHandle(nint address) : OrtHandle(address)
{
    protected override void Release(nint address) => NativeMethods.ReleaseSessionOptions(address);
}

internal sealed class SessionHandle(nint address) : OrtHandle(address)
{
    protected override void Release(nint address) => NativeMethods.ReleaseSession(address);
}

internal sealed class MemoryInfoHandle(nint address) : OrtHandle(address)
{
    protected override void Release(nint address) => NativeMethods.ReleaseMemoryInfo(address);
}

internal sealed class AllocatorHandle(nint address) : OrtHandle(address)
{
    protected override void Release(nint address) => NativeMethods.ReleaseAllocator(address);
}

internal sealed class ValueHandle(nint address) : OrtHandle(address)
{
    protected override void Release(nint address) => NativeMethods.ReleaseValue(address);
}

internal sealed class RunOptionsHandle(nint address) : OrtHandle(address)
{
    protected override void Release(nint address) => NativeMethods.ReleaseRunOptions(address);
}

internal sealed class IoBindingHandle(nint address) : OrtHandle(address)
{
    protected override void Release(nint address) => NativeMethods.ReleaseIoBinding(address);
}

internal sealed class TensorRtOptionsHandle(nint address) : OrtHandle(address)
{
    protected override void Release(nint address) => NativeMethods.ReleaseTensorRtOptions(address);
}

internal sealed class CudaOptionsHandle(nint address) : OrtHandle(address)
{
    protected override void Release(nint address) => NativeMethods.ReleaseCudaOptions(address);
}
