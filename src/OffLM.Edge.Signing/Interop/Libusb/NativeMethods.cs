using System.Runtime.InteropServices;

namespace OffLM.Edge.Signing.Interop.Libusb;

/// <summary>libusb 1.0, <c>libusb.h</c>: https://libusb.sourceforge.io/api-1.0/. Loaded with its first call: a node with a key file never needs it.</summary>
internal static unsafe partial class NativeMethods
{
    internal const string Library = "libusb-1.0";

    // enum libusb_error
    internal const int ErrorAccess = -3;
    internal const int ErrorNoDevice = -4;
    internal const int ErrorNotFound = -5;
    internal const int ErrorBusy = -6;
    internal const int ErrorTimeout = -7;
    internal const int ErrorPipe = -9;

    /// <summary>LIBUSB_CLASS_SMART_CARD.</summary>
    internal const byte SmartCardClass = 0x0B;

    /// <summary>LIBUSB_TRANSFER_TYPE_BULK, in the low two bits of bmAttributes.</summary>
    internal const byte Bulk = 2;

    /// <summary>LIBUSB_ENDPOINT_IN, in bEndpointAddress.</summary>
    internal const byte In = 0x80;

    static NativeMethods() => SigningLibraries.Register();

    [LibraryImport(Library)]
    internal static partial int libusb_init(out nint context);

    [LibraryImport(Library)]
    internal static partial void libusb_exit(nint context);

    [LibraryImport(Library)]
    internal static partial nint libusb_get_device_list(ContextHandle context, out nint* list);

    [LibraryImport(Library)]
    internal static partial void libusb_free_device_list(nint* list, int unreference);

    [LibraryImport(Library)]
    internal static partial nint libusb_ref_device(nint device);

    [LibraryImport(Library)]
    internal static partial void libusb_unref_device(nint device);

    [LibraryImport(Library)]
    internal static partial int libusb_get_device_descriptor(nint device, DeviceDescriptor* descriptor);

    [LibraryImport(Library)]
    internal static partial int libusb_get_active_config_descriptor(nint device, out ConfigDescriptor* descriptor);

    [LibraryImport(Library)]
    internal static partial void libusb_free_config_descriptor(ConfigDescriptor* descriptor);

    [LibraryImport(Library)]
    internal static partial byte libusb_get_bus_number(nint device);

    [LibraryImport(Library)]
    internal static partial byte libusb_get_device_address(nint device);

    [LibraryImport(Library)]
    internal static partial int libusb_get_port_numbers(nint device, byte* ports, int length);

    [LibraryImport(Library)]
    internal static partial int libusb_open(nint device, out nint handle);

    [LibraryImport(Library)]
    internal static partial void libusb_close(nint handle);

    [LibraryImport(Library)]
    internal static partial int libusb_get_string_descriptor_ascii(DeviceHandle handle, byte index, byte* data, int length);

    [LibraryImport(Library)]
    internal static partial int libusb_set_auto_detach_kernel_driver(DeviceHandle handle, int enable);

    [LibraryImport(Library)]
    internal static partial int libusb_claim_interface(DeviceHandle handle, int interfaceNumber);

    [LibraryImport(Library)]
    internal static partial int libusb_release_interface(DeviceHandle handle, int interfaceNumber);

    [LibraryImport(Library)]
    internal static partial int libusb_clear_halt(DeviceHandle handle, byte endpoint);

    [LibraryImport(Library)]
    internal static partial int libusb_bulk_transfer(DeviceHandle handle, byte endpoint, byte* data, int length, out int transferred, uint timeoutMilliseconds);

    [LibraryImport(Library)]
    internal static partial int libusb_control_transfer(
        DeviceHandle handle, byte requestType, byte request, ushort value, ushort index, byte* data, ushort length, uint timeoutMilliseconds);

    [LibraryImport(Library)]
    internal static partial byte* libusb_strerror(int error);

    /// <summary>libusb_device_descriptor.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct DeviceDescriptor
    {
        public byte Length;
        public byte Type;
        public ushort UsbVersion;
        public byte Class;
        public byte SubClass;
        public byte Protocol;
        public byte MaxPacketSize;
        public ushort Vendor;
        public ushort Product;
        public ushort DeviceVersion;
        public byte ManufacturerText;
        public byte ProductText;
        public byte SerialText;
        public byte Configurations;
    }

    /// <summary>libusb_config_descriptor.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ConfigDescriptor
    {
        public byte Length;
        public byte Type;
        public ushort TotalLength;
        public byte InterfaceCount;
        public byte Value;
        public byte Text;
        public byte Attributes;
        public byte MaxPower;
        public Interface* Interfaces;
        public byte* Extra;
        public int ExtraLength;
    }

    /// <summary>libusb_interface.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Interface
    {
        public InterfaceDescriptor* Settings;
        public int SettingCount;
    }

    /// <summary>libusb_interface_descriptor.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct InterfaceDescriptor
    {
        public byte Length;
        public byte Type;
        public byte Number;
        public byte Setting;
        public byte EndpointCount;
        public byte Class;
        public byte SubClass;
        public byte Protocol;
        public byte Text;
        public EndpointDescriptor* Endpoints;
        public byte* Extra;
        public int ExtraLength;
    }

    /// <summary>libusb_endpoint_descriptor.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct EndpointDescriptor
    {
        public byte Length;
        public byte Type;
        public byte Address;
        public byte Attributes;
        public ushort MaxPacketSize;
        public byte Interval;
        public byte Refresh;
        public byte SynchAddress;
        public byte* Extra;
        public int ExtraLength;
    }
}
