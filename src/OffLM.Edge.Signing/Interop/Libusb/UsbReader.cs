using System.Text;
using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Signing.Cards.Ccid;

namespace OffLM.Edge.Signing.Interop.Libusb;

/// <summary>A CCID interface of a device that is plugged in; not open yet.</summary>
internal sealed class UsbReader : IDisposable
{
    private readonly ContextHandle _context;
    private readonly nint _device;
    private readonly ushort _vendor;
    private readonly ushort _product;
    private readonly byte _nameIndex;
    private bool _disposed;

    /// <summary>Keeps the device listed until disposed.</summary>
    public UsbReader(ContextHandle context, nint device, ushort vendor, ushort product, byte nameIndex, string place)
    {
        (_context, _vendor, _product, _nameIndex, Place) = (context, vendor, product, nameIndex, place);
        _device = NativeMethods.libusb_ref_device(device);
    }

    /// <summary>Bus and ports: 1-2.3.</summary>
    public string Place { get; }

    public required byte Interface { get; init; }

    public required CcidDescriptor Descriptor { get; init; }

    public required byte OutEndpoint { get; init; }

    public required byte InEndpoint { get; init; }

    /// <summary>wMaxPacketSize of the bulk-IN endpoint in bytes.</summary>
    public required int PacketSize { get; init; }

    /// <summary>Vendor and product number, and the place: what can be known without opening it.</summary>
    public string Description => $"USB {Place} ({_vendor:x4}:{_product:x4})";

    /// <summary>Opens the device and reserves the interface for this process.</summary>
    /// <exception cref="CardException">It can't be had; says why and what to do.</exception>
    public UsbPipe Open()
    {
        DeviceHandle? handle = null;
        try
        {
            handle = DeviceHandle.Open(_device, _context);

            // Not every platform can; then there was no driver to detach.
            _ = NativeMethods.libusb_set_auto_detach_kernel_driver(handle, 1);
            UsbException.ThrowIfFailed(NativeMethods.libusb_claim_interface(handle, Interface), "it can't be reserved");
            return new UsbPipe(handle, this, $"{NameOf(handle)}, {Description}");
        }
        catch (UsbException e)
        {
            handle?.Dispose();
            throw new CardException(Explain(e), e);
        }
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            NativeMethods.libusb_unref_device(_device);
        }
    }

    private unsafe string NameOf(DeviceHandle handle)
    {
        var text = stackalloc byte[128];
        var length = _nameIndex == 0 ? 0 : NativeMethods.libusb_get_string_descriptor_ascii(handle, _nameIndex, text, 128);
        return length > 0 ? Encoding.ASCII.GetString(text, length) : "a reader without a name";
    }

    private string Explain(UsbException e) => e.Code switch
    {
        NativeMethods.ErrorAccess => $"The reader at {Description} may not be used by this user. Install the udev rule 70-offlm-card.rules that lies beside the program "
            + "into /etc/udev/rules.d, add the user to the group 'offlm', run 'udevadm control --reload', and plug the reader in again.",
        NativeMethods.ErrorBusy => $"The reader at {Description} is held by {ReaderHolders.Describe()}",
        NativeMethods.ErrorNoDevice or NativeMethods.ErrorNotFound => $"The reader at {Description} was unplugged.",
        _ => $"The reader at {Description} can't be used: {e.Message}",
    };
}
