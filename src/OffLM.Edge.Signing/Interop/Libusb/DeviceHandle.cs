using System.Runtime.InteropServices;

namespace OffLM.Edge.Signing.Interop.Libusb;

/// <summary>A <c>libusb_device_handle</c>; keeps its context alive.</summary>
internal sealed class DeviceHandle : SafeHandle
{
    private readonly ContextHandle _context;

    private DeviceHandle(nint device, ContextHandle context)
        : base(0, ownsHandle: true)
    {
        _context = context;
        SetHandle(device);
    }

    public override bool IsInvalid => handle == 0;

    /// <exception cref="UsbException">The device can't be opened.</exception>
    public static DeviceHandle Open(nint device, ContextHandle context)
    {
        UsbException.ThrowIfFailed(NativeMethods.libusb_open(device, out var handle), "it can't be opened");
        var added = false;
        context.DangerousAddRef(ref added);
        return new(handle, context);
    }

    protected override bool ReleaseHandle()
    {
        NativeMethods.libusb_close(handle);
        _context.DangerousRelease();
        return true;
    }
}
