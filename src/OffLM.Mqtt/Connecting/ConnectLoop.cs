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

    private PahoClient? _client;
    private TaskCompletionSource<string> _lost = NewLoss();
    private volatile BrokerSockets _sockets = BrokerSockets.None;
    private TimeSpan _keepAlive;
    private bool _cleanStart;
    private long _came;
    private int _attempts;
    private string? _problem;
    private CancellationTokenSource _workStop = new();
    private Task _work = Task.CompletedTask;
    private volatile bool _workEnded;

    /// <exception cref="DllNotFoundException">The MQTT library is missing.</exception>
    public ConnectLoop(
        MqttOptions options, TimeProvider time, IReadOnlyList<Subscription> subscriptions, Publisher publisher, Inbox inbox, ILinkObserver observer)
    {
        (_options, _time, _subscriptions, _publisher, _inbox, _observer) = (options, time, subscriptions, publisher, inbox, observer);
        (_keepAlive, _cleanStart) = (options.KeepAlive, options.CleanStart);
        _diagnosis = new BrokerDiagnosis(options, time);
        _backoff = new Backoff(options.MinimumRetry, options.MaximumRetry, Random.Shared.NextDouble);
        PahoLibrary.Load();
    }

    /// <summary>What waits for the next attempt, tries at once. Also during an attempt: if that fails, the next follows at once.</summary>
    public void NetworkCameUp() => _network.Set();

    /// <summary>Ends what is done after a connect, and begins no more of it.</summary>
    public async Task EndWorkAsync(CancellationToken cancellation)
    {
        _workEnded = true;
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
                var begun = _time.GetTimestamp();
                try
                {
                    await RunOnceAsync(stop);
                }
                catch (Exception exception) when (!stop.IsCancellationRequested)
                {
                    // Nothing is known that could come here; but a node must not stay cut off because of what nobody thought of.
                    _problem = $"Connecting failed unexpectedly: {exception.Message}";
                    _attempts++;
                }

                // Who looks at the link meanwhile must not see one that is gone.
                var waiting = WaitAsync(begun, stop);
                await DisposeClientAsync();
                await waiting;
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

    /// <summary>One attempt, and the time that the link holds.</summary>
    private async Task RunOnceAsync(CancellationToken stop)
    {
        await DrainedAsync(stop);
        Tell(LinkState.Connecting);
        _network.Clear();
        (var session, _problem) = await ConnectAsync(stop);
        if (session is null)
        {
            _attempts++;
            return;
        }

        _attempts = 0;
        var up = _time.GetTimestamp();
        _problem = await StayAsync(session, stop);
        _backoff.Held(_time.GetElapsedTime(up));
    }

    /// <summary>Until the handlers have done half of what waits; not for ever, because they may wait for the link themselves.</summary>
    private async Task DrainedAsync(CancellationToken stop)
    {
        try
        {
            await _inbox.DrainedAsync(stop).WaitAsync(_options.MaximumRetry, _time, stop);
        }
        catch (TimeoutException)
        {
            // Let them have it.
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

    void IPahoEvents.PacketCame()
    {
        Volatile.Write(ref _came, _time.GetTimestamp());
        _sockets.AcknowledgeAtOnce();
    }

    void IPahoEvents.MessageArrived(MqttMessage message)
    {
        var room = true;
        foreach (var subscription in _subscriptions)
        {
            room &= !TopicFilter.Matches(subscription.Filter, message.Topic) || subscription.Take(message);
        }

        if (!room)
        {
            _lost.TrySetResult("Messages come faster than they are handled; the broker keeps the rest until half is done.");
        }
    }

    void IPahoEvents.LinkLost(int reason, string? text) => _lost.TrySetResult(
        reason == 0 ? "The connection to the broker broke; it is made again." : ReasonCodes.OfConnection(reason, text));
}
