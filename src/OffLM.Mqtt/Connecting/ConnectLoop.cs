using OffLM.Mqtt.Interop.Paho;
using OffLM.Mqtt.Interop.Sockets;
using OffLM.Mqtt.Publishing;
using OffLM.Mqtt.Receiving;

namespace OffLM.Mqtt.Connecting;

/// <summary>Connects, stays connected, and does so again: at once when a network comes up, else after a growing wait.</summary>
internal sealed partial class ConnectLoop : IPahoEvents
{
    private readonly MqttOptions _options;
    private readonly TimeProvider _time;
    private readonly IReadOnlyList<Subscription> _subscriptions;
    private readonly Publisher _publisher;
    private readonly Inbox _inbox;
    private readonly ILinkObserver _observer;
    private readonly BrokerDiagnosis _diagnosis;
    private readonly Backoff _backoff;
    private readonly AsyncSignal _network = new();

    private PahoClient _client;
    private TaskCompletionSource<Loss> _lost = NewLoss();
    private volatile BrokerSockets _sockets = BrokerSockets.None;
    private TimeSpan _keepAlive;
    private bool _cleanStart;
    private int _attempts;
    private string? _problem;
    private CancellationTokenSource _workStop = new();
    private Task _work = Task.CompletedTask;

    /// <exception cref="DllNotFoundException">The MQTT library is missing.</exception>
    public ConnectLoop(
        MqttOptions options, TimeProvider time, IReadOnlyList<Subscription> subscriptions, Publisher publisher, Inbox inbox, ILinkObserver observer)
    {
        (_options, _time, _subscriptions, _publisher, _inbox, _observer) = (options, time, subscriptions, publisher, inbox, observer);
        (_keepAlive, _cleanStart) = (options.KeepAlive, options.CleanStart);
        _diagnosis = new BrokerDiagnosis(options, time);
        _backoff = new Backoff(options.MinimumRetry, options.MaximumRetry, Random.Shared.NextDouble);
        _client = new PahoClient(options.Broker, options.ClientId, this);
    }

    public void NetworkCameUp() => _network.Set();

    /// <summary>Ends what is done after a connect.</summary>
    public async Task EndWorkAsync(CancellationToken cancellation)
    {
        await _workStop.CancelAsync();
        try
        {
            await _work.WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            // It does not heed its token; the stop goes on without it.
        }
    }

    /// <summary>Runs until cancelled, and then says DISCONNECT.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await _inbox.DrainedAsync(stop);
                Tell(LinkState.Connecting);
                var begun = _time.GetTimestamp();
                _network.Clear();
                (var session, _problem) = await ConnectAsync(stop);
                if (session is not null)
                {
                    _attempts = 0;
                    var up = _time.GetTimestamp();
                    _problem = await StayAsync(session, stop);
                    if (_time.GetElapsedTime(up) >= _options.MaximumRetry)
                    {
                        _backoff.Reset();
                    }
                }
                else
                {
                    _attempts++;
                }

                await WaitAsync(begun, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped.
        }
        finally
        {
            _publisher.Close();
            await DisposeClientAsync();
        }
    }

    /// <summary>Until the next attempt is due, or a network came up; but never sooner than the shortest wait after the last attempt began.</summary>
    private async Task WaitAsync(long begun, CancellationToken stop)
    {
        var wait = _backoff.Next();
        Tell(LinkState.Waiting, next: _time.GetUtcNow() + wait);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var first = await Task.WhenAny(Task.Delay(wait, _time, over.Token), _network.Happened);
        await over.CancelAsync();
        stop.ThrowIfCancellationRequested();
        if (first == _network.Happened)
        {
            _backoff.Reset();
            var soonest = _options.MinimumRetry - _time.GetElapsedTime(begun);
            if (soonest > TimeSpan.Zero)
            {
                await Task.Delay(soonest, _time, stop);
            }
        }
    }

    private void Tell(LinkState state, MqttSession? session = null, DateTimeOffset? next = null) =>
        _observer.LinkChanged(new MqttLink(state, _time.GetUtcNow(), _problem, _attempts, next, session));

    void IPahoEvents.PacketCame() => _sockets.AcknowledgeAtOnce();

    void IPahoEvents.MessageArrived(MqttMessage message)
    {
        var room = true;
        foreach (var subscription in _subscriptions)
        {
            room &= !TopicFilter.Matches(subscription.Filter, message.Topic) || subscription.Take(message);
        }

        if (!room)
        {
            _lost.TrySetResult(new Loss("Messages come faster than they are handled; the broker keeps the rest until half is done.", StillOpen: true));
        }
    }

    void IPahoEvents.LinkLost(int reason, string? text) => _lost.TrySetResult(new Loss(
        reason == 0 ? "The connection to the broker broke; it is made again." : ReasonCodes.OfConnection(reason, text), StillOpen: false));
}
