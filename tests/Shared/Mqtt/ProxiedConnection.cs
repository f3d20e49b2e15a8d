using System.Net;
using System.Net.Sockets;

namespace OffLM.Shared.Mqtt;

/// <summary>One connection through a <see cref="FaultyProxy"/>.</summary>
internal sealed class ProxiedConnection(FaultyProxy proxy, Socket client, LinkCut? cut)
{
    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private volatile bool _silent;
    private int _broken;

    public async Task RunAsync(int target, CancellationToken stop)
    {
        try
        {
            client.NoDelay = _server.NoDelay = true;
            await _server.ConnectAsync(IPAddress.Loopback, target, stop);
            await Task.WhenAny(
                PumpAsync(client, _server, () => proxy.ToServerLost, cut is { ToServer: true } ? cut : null, proxy.CountToServer, stop),
                PumpAsync(_server, client, () => proxy.ToClientLost, cut is { ToServer: false } ? cut : null, static _ => { }, stop));
        }
        catch (SocketException)
        {
            // Nobody there: the client sees its connection break.
        }
        catch (OperationCanceledException)
        {
            // The proxy ends.
        }
        finally
        {
            End(reset: cut is not { Kind: CutKind.Close, Happened: not null });
        }
    }

    /// <summary>Resets it for both sides, as a crash would.</summary>
    public void Break() => End(reset: true);

    private void End(bool reset)
    {
        if (Interlocked.Exchange(ref _broken, 1) != 0)
        {
            return;
        }

        foreach (var socket in (Socket[])[client, _server])
        {
            try
            {
                if (reset)
                {
                    socket.LingerState = new LingerOption(true, 0);
                }
                else
                {
                    socket.Shutdown(SocketShutdown.Send);
                }
            }
            catch (SocketException)
            {
                // It was never connected, or the other side was faster.
            }

            socket.Close();
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Func<bool> lost, LinkCut? cut, Action<int> passed, CancellationToken stop)
    {
        var buffer = new byte[16 * 1024];
        var left = cut?.AfterBytes ?? int.MaxValue;
        try
        {
            while (true)
            {
                var room = proxy.BytesPerSecond > 0 ? Math.Clamp(proxy.BytesPerSecond / 20, 1, buffer.Length) : buffer.Length;
                var count = await from.ReceiveAsync(buffer.AsMemory(0, room), stop);
                if (count == 0)
                {
                    return;
                }

                if (lost() || _silent)
                {
                    continue;   // what was sent into a partition is gone; TCP above it never learns
                }

                count = Math.Min(count, left);
                if (proxy.Delay > TimeSpan.Zero)
                {
                    await Task.Delay(proxy.Delay, stop);
                }

                if (proxy.BytesPerSecond is > 0 and var speed)
                {
                    await Task.Delay(TimeSpan.FromSeconds((double)count / speed), stop);
                }

                await to.SendAsync(buffer.AsMemory(0, count), stop);
                passed(count);
                left = cut is null ? left : left - count;
                if (left == 0)
                {
                    cut!.Happens();
                    if (cut.Kind != CutKind.Silence)
                    {
                        return;
                    }

                    _silent = true;
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side is gone; the other is told by Break.
        }
    }
}
