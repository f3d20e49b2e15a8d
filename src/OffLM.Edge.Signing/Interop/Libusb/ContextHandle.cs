using System.Runtime.InteropServices;

namespace OffLM.Edge.Signing.Interop.Libusb;

/// <summary>A <c>libusb_context</c>.</summary>
internal sealed class ContextHandle : SafeHandle
{
    private ContextHandle(nint context)
        : base(0, ownsHandle: true) => SetHandle(context);

    public override bool IsInvalid => handle == 0;

    /// <exception cref="UsbException">libusb can't be used here.</exception>
    /// <exception cref="DllNotFoundException">It is not installed.</exception>
    public static ContextHandle Create()
    {
        UsbException.ThrowIfFailed(NativeMethods.libusb_init(out var context), "USB can't be used");
        return new(context);
    }

    protected override bool ReleaseHandle()
    {
        NativeMethods.libusb_exit(handle);
        return true;
    }
}
