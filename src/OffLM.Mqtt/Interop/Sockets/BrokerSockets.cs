using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace OffLM.Mqtt.Interop.Sockets;

/// <summary>
/// Sets what the MQTT library has no option for on its socket. The library does not tell its socket either, so it is found among
/// this process's by the port it is connected to; a stranger's that is met by chance, or gets its number later, takes no harm.
/// </summary>
internal sealed unsafe class BrokerSockets
{
    private const int AddressBytes = 128;   // sockaddr_storage

    /// <summary>
    /// What is under way at once, with the kernel's overhead, which doubles this number for it; it takes less where net.core.wmem_max is less.
    /// Too little brings back partial writes.
    /// </summary>
    private const int SendBufferBytes = 512 * 1024;

    private readonly int[] _sockets;

    private BrokerSockets(int[] sockets) => _sockets = sockets;

    /// <summary>No sockets.</summary>
    public static BrokerSockets None { get; } = new([]);

    /// <summary>
    /// Finds the sockets and sets what lasts. No Nagle: a message behind an acknowledgement would wait for the other side's delayed
    /// ACK, 40 ms. A user timeout: the library only pings when it has sent nothing for a while, so who goes on publishing into a dead
    /// link would learn of it from TCP's retransmissions alone, after a quarter of an hour. A send buffer that holds all that is under way: a
    /// packet that the library could write only a part of it finishes later on another thread, without its lock, and corrupts its memory
    /// when a client is destroyed meanwhile (1.3.12, Socket_continueWrites).
    /// </summary>
    /// <param name="port">The broker's port.</param>
    /// <param name="patience">How long sent data may stay unacknowledged.</param>
    /// <returns>None where /proc is not there.</returns>
    public static BrokerSockets Tune(int port, TimeSpan patience)
    {
        var sockets = OpenFiles().Where(file => PeerPort(file) == port).ToArray();
        foreach (var socket in sockets)
        {
            Set(socket, NativeMethods.Tcp, NativeMethods.NoDelay, 1);
            Set(socket, NativeMethods.SocketLevel, NativeMethods.SendBuffer, SendBufferBytes);
            Set(socket, NativeMethods.Tcp, NativeMethods.UserTimeout, (int)Math.Min(patience.TotalMilliseconds, int.MaxValue));
        }

        return new BrokerSockets(sockets);
    }

    /// <summary>
    /// Has what came acknowledged at once, by TCP. A broker with Nagle on, as mosquitto by default, sends its next small packet only
    /// after that. The kernel falls back to delaying, so this is said at each packet.
    /// </summary>
    public void AcknowledgeAtOnce()
    {
        foreach (var socket in _sockets)
        {
            Set(socket, NativeMethods.Tcp, NativeMethods.QuickAck, 1);
        }
    }

    /// <summary>Whether at least one of them takes more to send, or is broken; also true without any.</summary>
    public bool HaveRoom()
    {
        if (_sockets.Length == 0)
        {
            return true;
        }

        var entries = stackalloc NativeMethods.PollEntry[_sockets.Length];
        for (var i = 0; i < _sockets.Length; i++)
        {
            entries[i] = new NativeMethods.PollEntry { File = _sockets[i], Events = NativeMethods.Writable };
        }

        return NativeMethods.poll(entries, (nuint)_sockets.Length, 0) != 0;
    }

    private static IEnumerable<int> OpenFiles()
    {
        const string folder = "/proc/self/fd";
        if (!Directory.Exists(folder))
        {
            yield break;
        }

        foreach (var entry in Directory.EnumerateFileSystemEntries(folder))
        {
            yield return int.Parse(Path.GetFileName(entry.AsSpan()), CultureInfo.InvariantCulture);
        }
    }

    /// <summary>0 for what is no connected TCP socket.</summary>
    private static int PeerPort(int file)
    {
        var address = stackalloc byte[AddressBytes];
        uint length = AddressBytes;
        if (NativeMethods.getpeername(file, address, &length) != 0)
        {
            return 0;
        }

        // sockaddr_in and sockaddr_in6 both: family, then port in network order.
        var family = MemoryMarshal.Read<ushort>(new ReadOnlySpan<byte>(address, sizeof(ushort)));
        const int inet = (int)AddressFamily.InterNetwork, inet6 = 10;   // Linux's AF_INET and AF_INET6
        return family is inet or inet6 ? BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(address + sizeof(ushort), sizeof(ushort))) : 0;
    }

    private static void Set(int socket, int level, int option, int value) =>
        _ = NativeMethods.setsockopt(socket, level, option, &value, sizeof(int));
}
