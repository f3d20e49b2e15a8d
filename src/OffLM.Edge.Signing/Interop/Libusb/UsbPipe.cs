using OffLM.Edge.Signing.Cards.Ccid;

namespace OffLM.Edge.Signing.Interop.Libusb;

/// <summary>The bulk endpoints of a reader, reserved for this process until disposed.</summary>
internal sealed unsafe class UsbPipe : IBulkPipe
{
    /// <summary>Host to device, class, interface: USB 2.0 table 9-2.</summary>
    private const byte ClassRequest = 0x21;

    /// <summary>bRequest ABORT, CCID 1.1 section 5.3.1.</summary>
    private const byte AbortRequest = 0x01;

    private const uint ControlTimeoutMilliseconds = 1000;

    private readonly DeviceHandle _handle;
    private readonly byte _interface;
    private readonly byte _out;
    private readonly byte _in;

    internal UsbPipe(DeviceHandle handle, UsbReader reader, string description)
    {
        _handle = handle;
        (_interface, _out, _in, PacketSize, Description) = (reader.Interface, reader.OutEndpoint, reader.InEndpoint, reader.PacketSize, description);
    }

    public string Description { get; }

    public int PacketSize { get; }

    public void Write(ReadOnlySpan<byte> message, TimeSpan timeout)
    {
        fixed (byte* data = message)
        {
            ThrowIfFailed(NativeMethods.libusb_bulk_transfer(_handle, _out, data, message.Length, out var sent, Milliseconds(timeout)), "sending to it failed");
            if (sent != message.Length)
            {
                throw new PipeException(PipeFault.Failed, $"it took {sent} of {message.Length} bytes.");
            }
        }
    }

    public int Read(Span<byte> buffer, TimeSpan timeout)
    {
        fixed (byte* data = buffer)
        {
            var result = NativeMethods.libusb_bulk_transfer(_handle, _in, data, buffer.Length, out var received, Milliseconds(timeout));
            if (result == NativeMethods.ErrorTimeout && received > 0)
            {
                // Part of a message came in time; its rest is asked for next.
                return received;
            }

            ThrowIfFailed(result, "receiving from it failed");
            return received;
        }
    }

    public void ClearHalt()
    {
        ThrowIfFailed(NativeMethods.libusb_clear_halt(_handle, _out), "its endpoint can't be cleared");
        ThrowIfFailed(NativeMethods.libusb_clear_halt(_handle, _in), "its endpoint can't be cleared");
    }

    public void Abort(byte slot, byte sequence) => ThrowIfFailed(
        NativeMethods.libusb_control_transfer(_handle, ClassRequest, AbortRequest, (ushort)(sequence << 8 | slot), _interface, null, 0, ControlTimeoutMilliseconds),
        "it doesn't take an abort");

    public void Dispose()
    {
        if (!_handle.IsClosed)
        {
            // Fails when the device is gone, and nothing is held then.
            _ = NativeMethods.libusb_release_interface(_handle, _interface);
            _handle.Dispose();
        }
    }

    /// <summary>At least 1: libusb takes 0 for no limit.</summary>
    private static uint Milliseconds(TimeSpan timeout) => (uint)Math.Clamp(Math.Ceiling(timeout.TotalMilliseconds), 1, int.MaxValue);

    private static void ThrowIfFailed(int result, string what)
    {
        if (result < 0)
        {
            throw new PipeException(
                result switch
                {
                    NativeMethods.ErrorTimeout => PipeFault.TimedOut,
                    NativeMethods.ErrorPipe => PipeFault.Stalled,
                    NativeMethods.ErrorNoDevice => PipeFault.Gone,
                    _ => PipeFault.Failed,
                },
                new UsbException(what, result).Message);
        }
    }
}
