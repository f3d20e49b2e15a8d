using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OffLM.Mqtt.Tests;

/// <summary>Says to each packet what a test wants, for answers that a real broker gives rarely.</summary>
internal sealed class FakeBroker : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    public FakeBroker()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Uri => new($"mqtt://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>CONNACK's reason.</summary>
    public byte Connack { get; set; }

    /// <summary>CONNACK's properties, encoded.</summary>
    public byte[] ConnackProperties { get; set; } = [];

    /// <summary>Answers nothing at all.</summary>
    public bool Silent { get; set; }

    /// <summary>The reason in PUBACK; null: no PUBACK.</summary>
    public byte? Puback { get; set; } = 0;

    /// <summary>PUBACK's reason string.</summary>
    public string? PubackText { get; set; }

    /// <summary>Sends DISCONNECT with this reason instead of an answer to a subscription; null: answers it.</summary>
    public byte? DisconnectAtSubscribe { get; set; }

    /// <summary>A filter that nobody may subscribe to.</summary>
    public string? Forbidden { get; set; }

    /// <summary>The keep alive that each CONNECT asked for, in seconds.</summary>
    public ConcurrentQueue<int> KeepAlives { get; } = new();

    /// <summary>How many messages came.</summary>
    public int Published => _published;

    private int _published;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptSocketAsync(_stop.Token));
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            while (true)
            {
                var head = new byte[1];
                await stream.ReadExactlyAsync(head, _stop.Token);
                var body = new byte[await LengthAsync(stream)];
                await stream.ReadExactlyAsync(body, _stop.Token);
                if (!Silent && Answer(head[0], body) is { } answer)
                {
                    await stream.WriteAsync(answer, _stop.Token);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // The client is gone, or the test over.
        }
    }

    private byte[]? Answer(byte head, byte[] body)
    {
        switch (head >> 4)
        {
            case 1:
                KeepAlives.Enqueue((body[8] << 8) | body[7 + 2]);   // behind the protocol's name, version and flags
                return [0x20, (byte)(3 + ConnackProperties.Length), 0, Connack, (byte)ConnackProperties.Length, .. ConnackProperties];
            case 3 when (head & 0x06) != 0:
                Interlocked.Increment(ref _published);
                var topic = (body[0] << 8) | body[1];
                return Puback is { } reason ? PubackPacket(body[2 + topic], body[3 + topic], reason) : null;
            case 8:
                return DisconnectAtSubscribe is { } why
                    ? [0xE0, 2, why, 0]
                    : [0x90, 4, body[0], body[1], 0, Forbidden is { } filter && Encoding.UTF8.GetString(body).Contains(filter, StringComparison.Ordinal) ? (byte)0x87 : (byte)1];
            case 12:
                return [0xD0, 0];
            default:
                return null;
        }
    }

    private byte[] PubackPacket(byte high, byte low, byte reason)
    {
        if (PubackText is null)
        {
            return [0x40, 4, high, low, reason, 0];
        }

        var text = Encoding.UTF8.GetBytes(PubackText);
        return [0x40, (byte)(7 + text.Length), high, low, reason, (byte)(3 + text.Length), 31, 0, (byte)text.Length, .. text];
    }

    private async Task<int> LengthAsync(NetworkStream stream)
    {
        var (length, shift, one) = (0, 0, new byte[1]);
        do
        {
            await stream.ReadExactlyAsync(one, _stop.Token);
            length |= (one[0] & 0x7f) << shift;
            shift += 7;
        }
        while ((one[0] & 0x80) != 0);
        return length;
    }
}
