using System.Runtime.InteropServices;

namespace OffLM.Mqtt.Interop.Sockets;

/// <summary>libc's socket calls, <c>socket(7)</c> and <c>tcp(7)</c>.</summary>
internal static unsafe partial class NativeMethods
{
    /// <summary>IPPROTO_TCP.</summary>
    internal const int Tcp = 6;

    /// <summary>SOL_SOCKET.</summary>
    internal const int SocketLevel = 1;

    /// <summary>SO_SNDBUF.</summary>
    internal const int SendBuffer = 7;

    /// <summary>TCP_NODELAY.</summary>
    internal const int NoDelay = 1;

    /// <summary>TCP_QUICKACK.</summary>
    internal const int QuickAck = 12;

    /// <summary>TCP_USER_TIMEOUT.</summary>
    internal const int UserTimeout = 18;

    [LibraryImport("libc")]
    internal static partial int getpeername(int socket, byte* address, uint* length);

    /// <summary>POLLOUT.</summary>
    internal const short Writable = 4;

    [LibraryImport("libc")]
    internal static partial int poll(PollEntry* entries, nuint count, int timeoutMilliseconds);

    [LibraryImport("libc")]
    internal static partial int setsockopt(int socket, int level, int option, int* value, uint length);

    /// <summary>pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollEntry
    {
        public int File;
        public short Events;
        public short Returned;
    }
}
