using OffLM.Edge.Signing.Cards.Ccid;

namespace OffLM.Edge.Signing.Interop.Libusb;

/// <summary>A session with libusb, and what is plugged in.</summary>
internal sealed unsafe class UsbContext : IDisposable
{
    private readonly ContextHandle _handle = ContextHandle.Create();

    /// <summary>The CCID interfaces of all devices, in the order of their places.</summary>
    /// <exception cref="UsbException">The devices can't be listed.</exception>
    public IReadOnlyList<UsbReader> Readers()
    {
        var count = NativeMethods.libusb_get_device_list(_handle, out var list);
        UsbException.ThrowIfFailed((int)count, "USB devices can't be listed");
        try
        {
            var readers = new List<UsbReader>();
            for (var i = 0; i < count; i++)
            {
                AddReaders(list[i], readers);
            }

            return [.. readers.OrderBy(r => r.Place, StringComparer.Ordinal)];
        }
        finally
        {
            NativeMethods.libusb_free_device_list(list, unreference: 1);
        }
    }

    public void Dispose() => _handle.Dispose();

    private void AddReaders(nint device, List<UsbReader> readers)
    {
        NativeMethods.DeviceDescriptor about;
        if (NativeMethods.libusb_get_device_descriptor(device, &about) != 0 || NativeMethods.libusb_get_active_config_descriptor(device, out var config) != 0)
        {
            // Unplugged since it was listed, or not configured.
            return;
        }

        try
        {
            for (var i = 0; i < config->InterfaceCount; i++)
            {
                if (config->Interfaces[i].SettingCount > 0 && config->Interfaces[i].Settings[0] is { Class: NativeMethods.SmartCardClass } setting
                    && Describe(setting) is var (descriptor, output, input, packet))
                {
                    readers.Add(new UsbReader(_handle, device, about.Vendor, about.Product, about.ProductText, PlaceOf(device))
                    {
                        Interface = setting.Number,
                        Descriptor = descriptor,
                        OutEndpoint = output,
                        InEndpoint = input,
                        PacketSize = packet,
                    });
                }
            }
        }
        finally
        {
            NativeMethods.libusb_free_config_descriptor(config);
        }
    }

    /// <summary>The class descriptor, which some devices put behind an endpoint's, and the two bulk endpoints; null if something is missing.</summary>
    private static (CcidDescriptor Descriptor, byte Out, byte In, int PacketSize)? Describe(in NativeMethods.InterfaceDescriptor setting)
    {
        var descriptor = CcidDescriptor.Parse(new ReadOnlySpan<byte>(setting.Extra, setting.ExtraLength));
        var (output, input, packet) = ((byte)0, (byte)0, 0);
        for (var i = 0; i < setting.EndpointCount; i++)
        {
            ref var endpoint = ref setting.Endpoints[i];
            descriptor ??= CcidDescriptor.Parse(new ReadOnlySpan<byte>(endpoint.Extra, endpoint.ExtraLength));
            if ((endpoint.Attributes & 3) != NativeMethods.Bulk)
            {
                continue;
            }

            if ((endpoint.Address & NativeMethods.In) != 0)
            {
                (input, packet) = (endpoint.Address, endpoint.MaxPacketSize & 0x7FF);
            }
            else
            {
                output = endpoint.Address;
            }
        }

        return descriptor is not null && output != 0 && input != 0 && packet > 0 ? (descriptor, output, input, packet) : null;
    }

    /// <summary>Bus and ports, as the kernel names the device in /sys/bus/usb/devices: 1-2.3.</summary>
    private static string PlaceOf(nint device)
    {
        const int maxDepth = 7;
        var ports = stackalloc byte[maxDepth];
        var depth = NativeMethods.libusb_get_port_numbers(device, ports, maxDepth);
        return depth > 0
            ? $"{NativeMethods.libusb_get_bus_number(device)}-{string.Join('.', new ReadOnlySpan<byte>(ports, depth).ToArray())}"
            : $"{NativeMethods.libusb_get_bus_number(device)}-0";
    }
}
