using System.Runtime.InteropServices;

namespace OffLM.Mqtt.Interop.Sockets;

/// <summary>libc's socket calls, <c>socket(7)</c> and <c>tcp(7)</c>.</summary>
internal static unsafe partial class NativeMethods
{
    /// <summary>IPPROTO_TCP.</summary>
    internal const int Tcp = 6;

    /// <summary>TCP_NODELAY.</summary>
    internal const int NoDelay = 1;

    /// <summary>TCP_QUICKACK.</summary>
    internal const int QuickAck = 12;

    /// <summary>TCP_USER_TIMEOUT.</summary>
    internal const int UserTimeout = 18;

    [LibraryImport("libc")]
    internal static partial int getpeername(int socket, byte* address, uint* length);

    [LibraryImport("libc")]
    internal static partial int setsockopt(int socket, int level, int option, int* value, uint length);
}
