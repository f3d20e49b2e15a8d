using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OffLM.Edge.Bench.Nodes;

/// <summary>Asks <c>/healthz</c> with as little work as possible, over one connection: the starting node needs the processor, and what
/// is asked of it shows in its memory.</summary>
internal sealed class HealthProbe(IPEndPoint address) : IDisposable
{
    /// <summary>How often a start is looked at; bounds the error of its time.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(1);

    private static readonly byte[] Head = "HTTP/1.1 "u8.ToArray();

    private readonly byte[] _request = Encoding.ASCII.GetBytes($"GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n");
    private readonly byte[] _answer = new byte[1024];
    private Socket? _socket;

    /// <summary>Waits a moment and asks.</summary>
    /// <returns>The HTTP status; null if nobody listens yet.</returns>
    public int? Ask()
    {
        Thread.Sleep(Interval);
        if (!TryConnect())
        {
            return null;
        }

        _socket!.Send(_request);
        while (true)
        {
            var received = _socket.Receive(_answer);
            if (received == 0)
            {
                throw new InvalidOperationException("The node closed the connection instead of answering.");
            }

            // HTTP/1.1 200 OK; before it may come the end of the answer before.
            var answer = _answer.AsSpan(0, received);
            if (answer.IndexOf(Head) is >= 0 and var head && answer.Length >= head + Head.Length + 3)
            {
                return int.Parse(answer.Slice(head + Head.Length, 3), CultureInfo.InvariantCulture);
            }
        }
    }

    public void Dispose() => _socket?.Dispose();

    private bool TryConnect()
    {
        if (_socket is not null)
        {
            return true;
        }

        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Connect(address);
            _socket = socket;
            return true;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return false;
        }
    }
}
