using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using OffLM.Edge.Signing;
using OffLM.Mqtt;
using OffLM.Mqtt.Contracts;

namespace OffLM.Fleet.Tests.Support;

/// <summary>
/// A node with a connection of its own that signs a batch at each interval, keeps it until it is settled, and sends what is unsettled again
/// after each connect and after a while.
/// </summary>
internal sealed class SimulatedNode : IAsyncDisposable
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(10);

    private readonly TestNode _node;
    private readonly Topics _topics;
    private readonly MqttConnection _connection;
    private readonly ConcurrentDictionary<Bytes32, SignedMessage> _unsettled = [];
    private long _settled;

    public SimulatedNode(string name, Uri broker)
    {
        _node = new TestNode(name);
        _topics = new Topics("default", _node.Address.ToLowerString());
        var options = new MqttOptions { Broker = broker, ClientId = _node.Address.ToLowerString(), MaximumRetry = TimeSpan.FromSeconds(5) };
        _connection = new(options, TimeProvider.System, NullLogger<MqttConnection>.Instance);
        _connection.Subscribe(_topics.ReceiptAcknowledgement, Delivery.AtLeastOnce, (message, _) =>
        {
            var verdict = AcknowledgementMessage.Parser.ParseFrom(message.Payload.Span);
            Refused |= verdict.Verdict != 1;
            if (_unsettled.TryRemove(new Bytes32(verdict.BatchHash.Span), out var settled))
            {
                Interlocked.Add(ref _settled, settled.Receipts.Count);
            }

            return ValueTask.CompletedTask;
        });
        _connection.OnConnected = (_, _) => SendAsync();
    }

    /// <summary>Batches that it signed.</summary>
    public long Batches => (long)_node.Batches;

    /// <summary>Receipts that it knows to be settled.</summary>
    public long Settled => Interlocked.Read(ref _settled);

    /// <summary>Batches that nobody has answered yet.</summary>
    public int Unsettled => _unsettled.Count;

    /// <summary>Whether any batch was refused.</summary>
    public bool Refused { get; private set; }

    /// <summary>Works until there is nothing more to do.</summary>
    /// <param name="interval">Between two batches, on average.</param>
    /// <param name="random">Its own.</param>
    /// <param name="closing">Cancelled when it shall sign nothing more; it then ends when all is settled.</param>
    /// <param name="deadline">Cancelled when waiting for that is over.</param>
    public async Task RunAsync(TimeSpan interval, Random random, CancellationToken closing, CancellationToken deadline)
    {
        await PauseAsync(interval * random.NextDouble(), closing);
        _connection.Start();
        while (!closing.IsCancellationRequested)
        {
            var message = _node.Next(random.Next(1, 65));
            _unsettled[message.Hash] = message;
            await SendAsync(message);
            await PauseAsync(interval * (0.5 + random.NextDouble()), closing);
        }

        while (Unsettled > 0 && !deadline.IsCancellationRequested)
        {
            await PauseAsync(Again, deadline);
            await SendAsync();
        }
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static async Task PauseAsync(TimeSpan time, CancellationToken end)
    {
        try
        {
            await Task.Delay(time, end);
        }
        catch (OperationCanceledException)
        {
            // The next thing to do comes sooner.
        }
    }

    private Task SendAsync() => Task.WhenAll(_unsettled.Values.OrderBy(m => m.Batch.Batch).Select(SendAsync));

    private async Task SendAsync(SignedMessage message)
    {
        try
        {
            await _connection.PublishAsync(new MqttMessage(_topics.ReceiptBatch, message.Bytes), CancellationToken.None);
        }
        catch (MqttDisconnectedException)
        {
            // Sent again with the next connection.
        }
    }
}
