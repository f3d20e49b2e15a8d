using System.Globalization;
using OffLM.Mqtt.Interop.Paho;

namespace OffLM.Mqtt.Connecting;

/// <summary>One attempt.</summary>
internal sealed partial class ConnectLoop
{
    private static TaskCompletionSource<string> NewLoss() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Either what the broker granted, or why not.</summary>
    private async Task<(MqttSession? Session, string? Problem)> ConnectAsync(CancellationToken stop)
    {
        var (session, problem) = await ConnectOnceAsync(stop);
        if (session is null || session.KeepAlive == _keepAlive)
        {
            return (session, problem);
        }

        // The library knows nothing of the broker's wish for another keep alive. Once is enough: it is kept for later.
        _keepAlive = session.KeepAlive;
        await DisposeClientAsync();
        var (again, otherProblem) = await ConnectOnceAsync(stop);
        return (again is null ? null : again with { SessionPresent = again.SessionPresent && session.SessionPresent }, otherProblem);
    }

    private async Task<(MqttSession? Session, string? Problem)> ConnectOnceAsync(CancellationToken stop)
    {
        // The library would hold up every connection of the process while it resolves a name; now it finds it resolved.
        if (await _diagnosis.ResolveAsync(stop) is { } problem)
        {
            return (null, problem);
        }

        _lost = NewLoss();
        _client = new PahoClient(_options.Broker, _options.ClientId, this);
        var answer = _client.ConnectAsync(new PahoConnectRequest(_options, _keepAlive, _cleanStart));
        try
        {
            var result = await answer.WaitAsync(_options.ConnectTimeout, _time, stop);
            if (result is { IsSuccess: true, Connack: { } connack })
            {
                _cleanStart = false;
                return (SessionOf(connack), null);
            }

            return (null, result.IsUnknown
                ? await _diagnosis.ExplainAsync(timedOut: false, stop)
                : ReasonCodes.OfConnection(result.Reason, result.Text));
        }
        catch (TimeoutException)
        {
            await DisposeClientAsync();
            return (null, await _diagnosis.ExplainAsync(timedOut: true, stop));
        }
    }

    /// <summary>Says DISCONNECT where there is a link. Waits for the library's lock, which it may hold for as long as a name server does not answer; hence a thread of its own.</summary>
    private async Task DisposeClientAsync()
    {
        if (_client is { } client)
        {
            _client = null;
            await Task.Factory.StartNew(client.Dispose, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
    }

    private MqttSession SessionOf(PahoConnack connack) => new(
        connack.SessionPresent,
        connack.ReceiveMaximum ?? ushort.MaxValue,
        connack.MaximumPacketBytes ?? LargestPacket,
        connack.ServerKeepAliveSeconds is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : _keepAlive,
        connack.SessionExpirySeconds is { } expiry ? TimeSpan.FromSeconds(expiry) : _options.SessionExpiry,
        connack.RetainAvailable);
}
