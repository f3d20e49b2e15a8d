using System.Net;
using System.Net.Sockets;

namespace OffLM.Shared;

/// <summary>Ports on 127.0.0.1 for programs that are started, killed and started again.</summary>
internal static class FreePort
{
    /// <summary>Below those that systems give to connections and to whoever asks for any port (32768 to 60999 on Linux): while a program is down, nobody is
    /// given its port, and none that tries to reach it is connected to itself.</summary>
    private const int First = 15_000, Beyond = 32_000;

    /// <summary>One that nobody listens on now.</summary>
    public static int Next()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, Beyond);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Another one, then.
            }
        }
    }
}
