using System.Net.Sockets;
using OffLM.Mqtt.Interop.Netlink;

namespace OffLM.Mqtt.Connecting;

/// <summary>Tells when a network comes up. Where the kernel may not be asked it tells nothing, and the growing waits remain.</summary>
internal sealed class NetworkWatch : IDisposable
{
    private const int LargestDatagram = 64 * 1024;

    // In the network namespace of the thread that makes this.
    private readonly Socket? _socket = NetlinkSocket.TryOpen();

    /// <summary>Calls back for each link or address that comes up, until disposed.</summary>
    public async Task RunAsync(Action cameUp)
    {
        if (_socket is null)
        {
            return;
        }

        var changes = new NetworkChanges();
        var buffer = new byte[LargestDatagram];
        while (true)
        {
            try
            {
                var count = await _socket.ReceiveAsync(buffer, SocketFlags.None);
                if (changes.Read(buffer.AsSpan(0, count)))
                {
                    cameUp();
                }
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.NoBufferSpaceAvailable)
            {
                cameUp();   // so much happened that the kernel lost some of it
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;   // disposed
            }
        }
    }

    public void Dispose() => _socket?.Dispose();
}
