using System.Net;
using System.Net.Sockets;

namespace OffLM.Mqtt.Tests;

/// <summary>Sends the same bytes to whoever connects, and then listens.</summary>
internal sealed class BabblingServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    public BabblingServer(byte[] bytes)
    {
        _listener.Start();
        _serving = ServeAsync(bytes);
    }

    public Uri Uri => new($"mqtt://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _listener.Stop();
    }

    private async Task ServeAsync(byte[] bytes)
    {
        try
        {
            while (true)
            {
                _ = BabbleAsync(await _listener.AcceptSocketAsync(_stop.Token), bytes);
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task BabbleAsync(Socket client, byte[] bytes)
    {
        using (client)
        {
            try
            {
                await client.SendAsync(bytes, _stop.Token);
                while (await client.ReceiveAsync(new byte[1024], _stop.Token) > 0)
                {
                    // Whatever it says.
                }
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // Gone.
            }
        }
    }
}
