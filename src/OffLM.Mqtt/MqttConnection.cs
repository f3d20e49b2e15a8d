using Microsoft.Extensions.Logging;
using OffLM.Mqtt.Connecting;
using OffLM.Mqtt.Interop.Paho;
using OffLM.Mqtt.Publishing;
using OffLM.Mqtt.Receiving;

namespace OffLM.Mqtt;

/// <summary>
/// A connection to an MQTT 5 broker that makes itself again whenever it breaks. Declare the subscriptions, <see cref="Start"/>,
/// publish; <see cref="Link"/> says how it stands.
/// </summary>
public sealed partial class MqttConnection : IAsyncDisposable
{
    /// <summary>For handlers that heed their token.</summary>
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(2);

    private readonly ILogger<MqttConnection> _logger;
    private readonly TimeProvider _time;
    private readonly MqttOptions _options;
    private readonly Inbox _inbox;
    private readonly Publisher _publisher;
    private readonly List<Subscription> _subscriptions = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _handling = new();
    private readonly Lock _stopping = new();
    private ConnectLoop? _loop;
    private NetworkWatch? _network;
    private Task _running = Task.CompletedTask;
    private Task _handlers = Task.CompletedTask;
    private Task? _stopped;
    private volatile MqttLink _link;

    /// <param name="options">Where and how.</param>
    /// <param name="time">For waits and for what <see cref="Link"/> says.</param>
    /// <param name="logger">Told of each change, not of each attempt.</param>
    /// <exception cref="ArgumentException">The options do not fit, see <see cref="MqttOptions.Problem"/>.</exception>
    public MqttConnection(MqttOptions options, TimeProvider time, ILogger<MqttConnection> logger)
    {
        if (options.Problem() is { } problem)
        {
            throw new ArgumentException(problem, nameof(options));
        }

        (_options, _time, _logger) = (options, time, logger);
        _inbox = new Inbox(options);
        _publisher = new Publisher(time);
        _link = new MqttLink(LinkState.Off, time.GetUtcNow(), null, 0, null, null);
    }

    /// <summary>Told of each new <see cref="Link"/>, one at a time, on the connection's own thread: return soon.</summary>
    public event Action<MqttLink>? LinkChanged;

    /// <summary>
    /// What to do after each connect, when the subscriptions stand: announce oneself, send again. Cancelled when the link goes. It
    /// never runs twice at once, and its exceptions are logged.
    /// </summary>
    public Func<MqttSession, CancellationToken, Task>? OnConnected { get; set; }

    /// <summary>How the connection stands.</summary>
    public MqttLink Link => _link;

    /// <summary>
    /// Declares a subscription. It is made at each connect; retained messages come when the broker had it not yet. Each has its own
    /// queue, so a handler may take its time, and may publish.
    /// </summary>
    /// <param name="filter">A topic filter, also a shared one (<c>$share/group/filter</c>).</param>
    /// <param name="delivery">The most that the broker should do for delivery.</param>
    /// <param name="handler">
    /// Called for one message at a time, in order. The message is acknowledged by then. The token ends when the connection is
    /// stopped. Exceptions are logged.
    /// </param>
    /// <exception cref="ArgumentException">The filter is malformed.</exception>
    /// <exception cref="InvalidOperationException">The connection was started before.</exception>
    public void Subscribe(string filter, Delivery delivery, Func<MqttMessage, CancellationToken, ValueTask> handler)
    {
        if (TopicFilter.Problem(filter) is { } problem)
        {
            throw new ArgumentException(problem, nameof(filter));
        }

        if (_loop is not null)
        {
            throw new InvalidOperationException($"The subscription to {filter} must be declared before the connection is started.");
        }

        _subscriptions.Add(new Subscription(filter, delivery, handler, _inbox, _logger));
    }

    /// <summary>Begins to connect.</summary>
    /// <exception cref="DllNotFoundException">The MQTT library is missing.</exception>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    public void Start()
    {
        lock (_stopping)
        {
            if (_loop is not null || _stopped is not null)
            {
                throw new InvalidOperationException("A connection can be started only once.");
            }

            _loop = new ConnectLoop(_options, _time, _subscriptions, _publisher, _inbox, this);
            _handlers = Task.WhenAll(_subscriptions.Select(one => one.RunAsync(_handling.Token)).Append(_publisher.RunAsync(_handling.Token)));
            _network = new NetworkWatch();
            _running = Task.WhenAll(_loop.RunAsync(_stop.Token), _network.RunAsync(_loop.NetworkCameUp));
        }
    }

    /// <summary>
    /// Publishes. Completes when the broker acknowledged; for <see cref="Delivery.AtMostOnce"/> when it was handed to the socket.
    /// Any number may be under way: who is too many waits. Nothing is kept for a later connection.
    /// </summary>
    /// <exception cref="MqttPublishException">The broker refused it, or is known to: its size, its topic.</exception>
    /// <exception cref="MqttDisconnectedException">There is no link, or it went before the acknowledgement: it may or may not have arrived.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; it may yet arrive.</exception>
    public Task PublishAsync(MqttMessage message, CancellationToken cancellation) => _publisher.PublishAsync(message, cancellation);

    /// <summary>Says goodbye and ends; the broker does not publish the will. Calling it again waits for the first call.</summary>
    /// <param name="farewell">Published before, if the link is up; null: nothing.</param>
    /// <param name="limit">How long all of this may take, roughly.</param>
    public Task StopAsync(MqttMessage? farewell, TimeSpan limit)
    {
        lock (_stopping)
        {
            return _stopped ??= EndAsync(farewell, limit);
        }
    }

    /// <summary>As <see cref="StopAsync"/> without farewell.</summary>
    public ValueTask DisposeAsync() => new(StopAsync(null, TimeSpan.FromSeconds(1)));

    /// <summary>As if the kernel had told of it.</summary>
    internal void NetworkCameUp() => _loop?.NetworkCameUp();

    private async Task EndAsync(MqttMessage? farewell, TimeSpan limit)
    {
        using var time = new CancellationTokenSource(limit, _time);
        if (_loop is not null)
        {
            await _loop.EndWorkAsync(time.Token);
        }

        if (farewell is not null)
        {
            try
            {
                await PublishAsync(farewell, time.Token);
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                FarewellFailed(_logger, farewell.Topic, exception.Message);
            }
        }

        _network?.Dispose();
        _inbox.Close();
        await _stop.CancelAsync();
        await _running;
        await _handling.CancelAsync();
        if (await Task.WhenAny(_handlers, Task.Delay(s_grace, _time)) != _handlers)
        {
            HandlerStays(_logger);
        }

        Tell(new MqttLink(LinkState.Off, _time.GetUtcNow(), null, 0, null, null));
    }

    [LoggerMessage(LogLevel.Warning, "The farewell to {Topic} was not delivered: {Reason}")]
    private static partial void FarewellFailed(ILogger logger, string topic, string reason);

    [LoggerMessage(LogLevel.Warning, "A handler of messages did not end in time")]
    private static partial void HandlerStays(ILogger logger);
}
