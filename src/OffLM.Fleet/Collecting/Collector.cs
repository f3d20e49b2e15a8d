using Microsoft.Extensions.Logging;
using OffLM.Edge.Signing;
using OffLM.Fleet.Messages;
using OffLM.Fleet.Store;
using OffLM.Fleet.Verification;
using OffLM.Mqtt;

namespace OffLM.Fleet.Collecting;

/// <summary>
/// A collector at work: messages come from the broker, are checked on all cores, stored by one writer, and answered. Each stage has a bounded
/// queue; a full one slows down the stage before it, and in the end the broker.
/// </summary>
internal sealed class Collector : IAsyncDisposable
{
    private static readonly TimeSpan LeaveLimit = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly MqttConnection _connection;
    private readonly AnswerPublisher _answers;
    private readonly StoreWriter _store;
    private readonly BatchWorkers _workers;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isStopping;
    private long _received;

    private Collector(CollectorOptions options, StoreSession session, Notary notary, TimeProvider time, ILoggerFactory loggers)
    {
        _time = time;
        _connection = new MqttConnection(options.Broker, time, loggers.CreateLogger<MqttConnection>());
        _answers = new AnswerPublisher(options.Fleet, _connection.PublishAsync, loggers.CreateLogger<AnswerPublisher>());
        _store = new StoreWriter(
            session, () => StoreSession.Open(options.Database, options.Rules, notary, time), _answers.AddAsync, time, loggers.CreateLogger<StoreWriter>());
        _workers = new BatchWorkers(new ContentCheck(options.Rules.Domain), _store);

        // Retained messages don't come to who shares a subscription: births and states are for every collector, which changes nothing twice.
        _connection.Subscribe(Topics.OfAllNodes(options.Fleet, "receipts/batch", options.Group), Delivery.AtLeastOnce, TakeBatchAsync);
        _connection.Subscribe(Topics.OfAllNodes(options.Fleet, "telemetry", options.Group), Delivery.AtMostOnce, TakeTelemetryAsync);
        _connection.Subscribe(Topics.OfAllNodes(options.Fleet, "birth"), Delivery.AtLeastOnce, TakeBirthAsync);
        _connection.Subscribe(Topics.OfAllNodes(options.Fleet, "state"), Delivery.AtLeastOnce, TakeStateAsync);
        _connection.OnConnected = (_, _) =>
        {
            _ready.TrySetResult();
            return Task.CompletedTask;
        };
    }

    /// <summary>Completes when it first listens to the broker.</summary>
    public Task Ready => _ready.Task;

    /// <summary>How the link to the broker stands.</summary>
    public MqttLink Link => _connection.Link;

    /// <summary>What happened since the start.</summary>
    public CollectorProgress Progress => new(Interlocked.Read(ref _received), _answers.Counts.Settled, _answers.Counts.Refused, _answers.Counts.Lost, _store.GivenUp);

    /// <summary>Opens the database and begins.</summary>
    /// <exception cref="ArgumentException">The options for the broker don't fit.</exception>
    /// <exception cref="InvalidDataException">The database can't be used.</exception>
    public static Collector Start(CollectorOptions options, Notary notary, TimeProvider time, ILoggerFactory loggers)
    {
        var session = StoreSession.Open(options.Database, options.Rules, notary, time);
        try
        {
            var collector = new Collector(options, session, notary, time, loggers);
            collector._store.Start();
            collector._connection.Start();
            return collector;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Takes nothing more, finishes and answers what was taken, and leaves the broker.</summary>
    public async ValueTask DisposeAsync()
    {
        _isStopping = true;
        await _workers.DisposeAsync();
        await _store.DisposeAsync();
        await _answers.DisposeAsync();
        await _connection.StopAsync(null, LeaveLimit);
    }

    private async ValueTask TakeBatchAsync(MqttMessage message, CancellationToken cancellation)
    {
        if (!_isStopping && Topics.TryParse(message.Topic, out var topics, out _))
        {
            Interlocked.Increment(ref _received);
            await _workers.AddAsync(topics.Node, message.Payload.ToArray(), cancellation);
        }
    }

    private ValueTask TakeBirthAsync(MqttMessage message, CancellationToken cancellation) => TakePresenceAsync(
        message, PresenceReader.ReadBirth(message.Payload), (session, node, birth, now) => session.Presence.SetBirth(node, birth, now), cancellation);

    private ValueTask TakeStateAsync(MqttMessage message, CancellationToken cancellation) => TakePresenceAsync(
        message, PresenceReader.ReadState(message.Payload), (session, node, state, now) => session.Presence.SetState(node, state, now), cancellation);

    private ValueTask TakeTelemetryAsync(MqttMessage message, CancellationToken cancellation) => TakePresenceAsync(
        message, PresenceReader.ReadTelemetry(message.Payload), (session, node, telemetry, now) => session.Presence.SetTelemetry(node, telemetry, now), cancellation);

    private async ValueTask TakePresenceAsync<T>(MqttMessage message, T? told, Action<StoreSession, Address, T, long> store, CancellationToken cancellation)
        where T : class
    {
        if (!_isStopping && told is not null && Topics.TryParse(message.Topic, out var topics, out _) && Address.TryParse(topics.Node, out var node))
        {
            var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
            await _store.AddAsync(
                new StoreWork(session =>
                {
                    store(session, node, told, now);
                    return [];
                }),
                cancellation);
        }
    }
}

/// <summary>What a collector did since its start.</summary>
/// <param name="Received">Batch messages that came.</param>
/// <param name="Settled">Answers that batches are settled, repeated ones with them.</param>
/// <param name="Refused">Answers that batches are refused.</param>
/// <param name="Lost">Answers that didn't reach the broker.</param>
/// <param name="GivenUp">Messages that could not be stored.</param>
internal sealed record CollectorProgress(long Received, long Settled, long Refused, long Lost, long GivenUp);
