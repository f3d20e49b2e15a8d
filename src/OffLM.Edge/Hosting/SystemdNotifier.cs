using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace OffLM.Edge.Hosting;

/// <summary>Tells systemd when the node is ready, that it lives, and that it stops: sd_notify(3). Does nothing without systemd.</summary>
internal sealed class SystemdNotifier(TimeProvider time) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _watchdog = Task.CompletedTask;

    /// <summary>Says that the node serves, and keeps the watchdog quiet from now on.</summary>
    /// <param name="alive">Asked before each sign of life; false lets systemd restart the node.</param>
    public void Ready(Func<bool> alive)
    {
        Send("READY=1");
        if (WatchdogInterval() is { } interval)
        {
            _watchdog = KeepAliveAsync(interval, alive);
        }
    }

    public static void Stopping() => Send("STOPPING=1");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watchdog;
        _stop.Dispose();
    }

    /// <summary>Half the time after which systemd loses patience.</summary>
    private static TimeSpan? WatchdogInterval()
    {
        var forUs = Environment.GetEnvironmentVariable("WATCHDOG_PID") is not { Length: > 0 } pid || pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return forUs && long.TryParse(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), CultureInfo.InvariantCulture, out var microseconds) && microseconds > 0
            ? TimeSpan.FromMicroseconds(microseconds / 2.0)
            : null;
    }

    private static void Send(string state)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 1 } path)
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path));
        }
        catch (SocketException)
        {
            // The supervisor is gone: nobody is left to tell.
        }
    }

    private async Task KeepAliveAsync(TimeSpan interval, Func<bool> alive)
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                if (alive())
                {
                    Send("WATCHDOG=1");
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
