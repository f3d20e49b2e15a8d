using OffLM.Mqtt.Interop.Paho;
using OffLM.Mqtt.Interop.Sockets;

namespace OffLM.Mqtt.Connecting;

/// <summary>While there is a link.</summary>
internal sealed partial class ConnectLoop
{
    /// <summary>The largest packet that MQTT can express (section 2.1.4).</summary>
    private const uint LargestPacket = 268_435_455 + 5;

    /// <summary>Returns why the link went.</summary>
    private async Task<string> StayAsync(MqttSession session, CancellationToken stop)
    {
        _sockets = BrokerSockets.Tune(MqttOptions.PortOf(_options.Broker), session.KeepAlive);
        _publisher.Open(_client, session);
        Loss loss;
        try
        {
            _problem = await SubscribeAsync(stop);
            if (!_lost.Task.IsCompleted)
            {
                Tell(LinkState.Connected, session);
                BeginWork(session);
            }

            loss = await _lost.Task.WaitAsync(stop);
        }
        finally
        {
            await _workStop.CancelAsync();
            _publisher.Close();
            _sockets = BrokerSockets.None;
        }

        if (loss.StillOpen)
        {
            await Task.WhenAny(_client.DisconnectAsync(), Task.Delay(_options.ConnectTimeout, _time, stop));
        }

        return loss.Problem;
    }

    /// <summary>Makes all subscriptions; returns which were refused, or null.</summary>
    private async Task<string?> SubscribeAsync(CancellationToken stop)
    {
        var answers = _subscriptions.Select(one => _client.SubscribeAsync(one.Filter, one.Delivery)).ToList();
        var all = Task.WhenAll(answers);
        try
        {
            await Task.WhenAny(all, _lost.Task).WaitAsync(_options.ConnectTimeout, _time, stop);
        }
        catch (TimeoutException)
        {
            _lost.TrySetResult(new Loss("The broker does not answer subscriptions; it is connected again.", StillOpen: true));
        }

        if (!all.IsCompletedSuccessfully)
        {
            return null;
        }

        var refused = _subscriptions.Zip(await all)
            .Where(pair => pair.Second.Reason >= 0x80)
            .Select(pair => ReasonCodes.OfSubscription(pair.Second.Reason, pair.Second.Text, pair.First.Filter))
            .ToList();
        return refused.Count == 0 ? null : string.Join(' ', refused);
    }

    private void BeginWork(MqttSession session)
    {
        _workStop = new CancellationTokenSource();
        var (before, cancellation) = (_work, _workStop.Token);
        _work = NextAsync();

        async Task NextAsync()
        {
            await before;
            await _observer.ConnectedAsync(session, cancellation);
        }
    }
}
