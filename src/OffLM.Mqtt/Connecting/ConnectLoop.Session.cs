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
        var client = _client!;
        _sockets = BrokerSockets.Tune(MqttOptions.PortOf(_options.Broker), session.KeepAlive);
        string problem;
        try
        {
            // The subscriptions go out first: of what is published then, nothing is acknowledged that they don't get.
            var subscribing = SubscribeAsync(client, stop);
            _publisher.Open(client, session, _sockets);
            _problem = await subscribing;
            if (!_lost.Task.IsCompleted)
            {
                Tell(LinkState.Connected, session);
                BeginWork(session);
            }

            using var watching = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var watch = WatchSilenceAsync(client, session.KeepAlive, watching.Token);
            problem = await _lost.Task.WaitAsync(stop);
            await watching.CancelAsync();
            await watch;
        }
        finally
        {
            await _workStop.CancelAsync();
            _publisher.Close();
            _sockets = BrokerSockets.None;
        }

        return problem;
    }

    /// <summary>Makes all subscriptions; returns which were refused, or null.</summary>
    private async Task<string?> SubscribeAsync(PahoClient client, CancellationToken stop)
    {
        var answers = _subscriptions.Select(one => client.SubscribeAsync(one.Filter, one.Delivery)).ToList();
        var all = Task.WhenAll(answers);
        try
        {
            await Task.WhenAny(all, _lost.Task).WaitAsync(_options.ConnectTimeout, _time, stop);
        }
        catch (TimeoutException)
        {
            _lost.TrySetResult("The broker does not answer subscriptions; it is connected again.");
        }

        if (!all.IsCompletedSuccessfully)
        {
            return null;
        }

        var given = await all;
        if (given.Any(result => result.IsUnknown))
        {
            _lost.TrySetResult("The connection to the broker broke while subscribing; it is made again.");
            return null;
        }

        var refused = new List<string>();
        for (var i = 0; i < given.Length; i++)
        {
            if (given[i].Reason >= 0x80)
            {
                refused.Add(ReasonCodes.OfSubscription(given[i].Reason, given[i].Text, _subscriptions[i].Filter));
            }
        }

        return refused.Count == 0 ? null : string.Join(' ', refused);
    }

    /// <summary>
    /// The library pings only when it has sent nothing for a while. Behind a load balancer, which answers TCP itself, who goes on
    /// sending into a dead link would never notice. So when nothing came for as long as the keep alive although much was sent, the
    /// first subscription is made once more, which changes nothing but wants an answer.
    /// </summary>
    private async Task WatchSilenceAsync(PahoClient client, TimeSpan keepAlive, CancellationToken cancellation)
    {
        try
        {
            while (_subscriptions.Count > 0)
            {
                await Task.Delay(keepAlive / 2, _time, cancellation);
                if (_time.GetElapsedTime(Volatile.Read(ref _came)) < keepAlive || _time.GetElapsedTime(_publisher.LastSent) > keepAlive)
                {
                    continue;
                }

                var answer = client.SubscribeAsync(_subscriptions[0].Filter, _subscriptions[0].Delivery);
                if (await Task.WhenAny(answer, Task.Delay(keepAlive, _time, cancellation)) != answer
                    && _time.GetElapsedTime(Volatile.Read(ref _came)) >= keepAlive)
                {
                    _lost.TrySetResult("The broker did not answer any more; it is connected again.");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The link went.
        }
    }

    private void BeginWork(MqttSession session)
    {
        if (_workEnded)
        {
            return;
        }

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
