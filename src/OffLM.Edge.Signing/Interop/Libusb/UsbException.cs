using System.Runtime.InteropServices;

namespace OffLM.Edge.Signing.Interop.Libusb;

/// <summary>libusb refused; the message has its words.</summary>
/// <param name="what">What was tried.</param>
/// <param name="code">libusb's error number.</param>
internal sealed unsafe class UsbException(string what, int code)
    : Exception($"{what}: {Marshal.PtrToStringUTF8((nint)NativeMethods.libusb_strerror(code))} ({code}).")
{
    /// <summary>libusb's error number, negative.</summary>
    public int Code => code;

    public static void ThrowIfFailed(int result, string what)
    {
        if (result < 0)
        {
            throw new UsbException(what, result);
        }
    }
}
