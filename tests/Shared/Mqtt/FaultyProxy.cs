using System.Net;
using System.Net.Sockets;

namespace OffLM.Shared.Mqtt;

/// <summary>A TCP proxy of 127.0.0.1 that does what networks do: loses, delays, crawls, breaks in the middle of a packet, refuses.</summary>
internal sealed class FaultyProxy : IAsyncDisposable
{
    private readonly int _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<ProxiedConnection> _connections = [];
    private TcpListener _listener;
    private Task _accepting;
    private long _bytesToServer;

    private FaultyProxy(int target)
    {
        _target = target;
        _listener = new TcpListener(IPAddress.Loopback, 0);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync(_listener);
    }

    public int Port { get; }

    public Uri Uri => new($"mqtt://127.0.0.1:{Port}");

    /// <summary>Nothing gets through to the server; connections stay open, as with a pulled cable.</summary>
    public volatile bool ToServerLost;

    /// <summary>Nothing gets through to the client.</summary>
    public volatile bool ToClientLost;

    /// <summary>Before each piece that is passed on, either way.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Each way; 0: no limit.</summary>
    public int BytesPerSecond { get; set; }

    /// <summary>Asked for each new connection when it is to break; null for one that doesn't.</summary>
    public Func<LinkCut?> NextCut { get; set; } = static () => null;

    /// <summary>What was passed on to the server so far.</summary>
    public long BytesToServer => Interlocked.Read(ref _bytesToServer);

    /// <summary>How many connections were made so far.</summary>
    public int Accepted { get; private set; }

    public static FaultyProxy Start(int targetPort) => new(targetPort);

    public void CountToServer(int bytes) => Interlocked.Add(ref _bytesToServer, bytes);

    public void Partition() => ToServerLost = ToClientLost = true;

    public void Heal() => ToServerLost = ToClientLost = false;

    /// <summary>Breaks all connections now.</summary>
    public void Cut()
    {
        lock (_connections)
        {
            _connections.ForEach(connection => connection.Break());
            _connections.Clear();
        }
    }

    /// <summary>Breaks all connections, and refuses new ones until <see cref="Listen"/>.</summary>
    public async Task RefuseAsync()
    {
        _listener.Stop();
        await _accepting;
        Cut();
    }

    public void Listen()
    {
        _listener = new TcpListener(IPAddress.Loopback, Port);
        _listener.Start();
        _accepting = AcceptAsync(_listener);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await RefuseAsync();
        _stop.Dispose();
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptSocketAsync(_stop.Token);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException or InvalidOperationException)
            {
                return;
            }

            Accepted++;
            var connection = new ProxiedConnection(this, client, NextCut());
            lock (_connections)
            {
                _connections.Add(connection);
            }

            _ = connection.RunAsync(_target, _stop.Token);
        }
    }
}
