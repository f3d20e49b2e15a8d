using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OffLM.Edge.Bench.Nodes;

/// <summary>Asks <c>/healthz</c> with as little work as possible, as the starting node needs the processor.</summary>
internal static class HealthProbe
{
    /// <summary>How often a start is looked at; bounds the error of its time.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(1);

    /// <returns>The HTTP status; null if nobody listens yet.</returns>
    public static int? Ask(IPEndPoint address)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(address);
            socket.Send(Encoding.ASCII.GetBytes($"GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"));
            Span<byte> answer = stackalloc byte[512];
            var received = socket.Receive(answer);

            // HTTP/1.1 200 OK
            return received >= 12 ? int.Parse(answer[9..12], CultureInfo.InvariantCulture) : null;
        }
        catch (SocketException)
        {
            Thread.Sleep(Interval);
            return null;
        }
    }
}
