using System.Net.Sockets;

namespace OffLM.Mqtt.Interop.Netlink;

/// <summary>A socket on which the kernel tells of links and addresses that come and go.</summary>
internal static unsafe class NetlinkSocket
{
    /// <summary>Null where it isn't allowed: some sandboxes forbid this kind of socket.</summary>
    public static Socket? TryOpen()
    {
        var file = NativeMethods.socket(NativeMethods.Netlink, NativeMethods.RawCloseOnExec, NativeMethods.Route);
        if (file < 0)
        {
            return null;
        }

        var handle = new SafeSocketHandle(file, ownsHandle: true);
        var address = new NativeMethods.Address { Family = NativeMethods.Netlink, Groups = NativeMethods.LinksAndAddresses };
        if (NativeMethods.bind(file, &address, (uint)sizeof(NativeMethods.Address)) != 0)
        {
            handle.Dispose();
            return null;
        }

        return new Socket(handle);
    }
}
