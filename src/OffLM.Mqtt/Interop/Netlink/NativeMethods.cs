using System.Runtime.InteropServices;

namespace OffLM.Mqtt.Interop.Netlink;

/// <summary>libc's calls for an rtnetlink socket, <c>rtnetlink(7)</c>. Only opening one needs them; the runtime's sockets can read it.</summary>
internal static unsafe partial class NativeMethods
{
    /// <summary>AF_NETLINK.</summary>
    internal const int Netlink = 16;

    /// <summary>SOCK_RAW | SOCK_CLOEXEC.</summary>
    internal const int RawCloseOnExec = 3 | 0x80000;

    /// <summary>NETLINK_ROUTE.</summary>
    internal const int Route = 0;

    /// <summary>RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR.</summary>
    internal const uint LinksAndAddresses = 0x1 | 0x10 | 0x100;

    [LibraryImport("libc")]
    internal static partial int socket(int family, int type, int protocol);

    [LibraryImport("libc")]
    internal static partial int bind(nint socket, Address* address, uint length);

    /// <summary>sockaddr_nl.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Address
    {
        public ushort Family;
        public ushort Padding;
        public uint ProcessId;
        public uint Groups;
    }
}
