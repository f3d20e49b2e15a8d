using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Mqtt;
using OffLM.Mqtt.Contracts;

namespace OffLM.Fleet.Tests.Support;

/// <summary>What nodes do at the broker: publish batches, and take verdicts.</summary>
internal sealed class NodeClient : IAsyncDisposable
{
    private readonly MqttConnection _connection;
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private NodeClient(Uri broker)
    {
        _connection = new(new MqttOptions { Broker = broker, ClientId = $"nodes-{Guid.NewGuid():N}", MaximumRetry = TimeSpan.FromSeconds(1) }, TimeProvider.System, NullLogger<MqttConnection>.Instance);
        _connection.Subscribe(Topics.OfAllNodes("default", "receipts/ack"), Delivery.AtLeastOnce, (message, _) =>
        {
            var verdict = AcknowledgementMessage.Parser.ParseFrom(message.Payload.Span);
            Verdicts.Enqueue((message.Topic, verdict));
            return ValueTask.CompletedTask;
        });
        _connection.OnConnected = (_, _) =>
        {
            _connected.TrySetResult();
            return Task.CompletedTask;
        };
    }

    /// <summary>All that came.</summary>
    public ConcurrentQueue<(string Topic, AcknowledgementMessage Verdict)> Verdicts { get; } = [];

    public static async Task<NodeClient> ConnectAsync(Uri broker)
    {
        var client = new NodeClient(broker);
        client._connection.Start();
        await client._connected.Task.WaitAsync(Until.Deadline);
        return client;
    }

    public Task SendAsync(SignedMessage message) => SendAsync(message.Bytes, message.Batch.Node);

    public Task SendAsync(byte[] message, Address node) => PublishAsync(new MqttMessage(new Topics("default", node.ToLowerString()).ReceiptBatch, message));

    /// <summary>Publishes, however often it takes.</summary>
    public async Task PublishAsync(MqttMessage message)
    {
        while (true)
        {
            try
            {
                await _connection.PublishAsync(message, CancellationToken.None);
                return;
            }
            catch (MqttDisconnectedException)
            {
                await Until.TrueAsync(() => _connection.Link.State == LinkState.Connected, () => $"Not connected: {_connection.Link}");
            }
        }
    }

    /// <summary>The verdicts on a batch so far.</summary>
    public IReadOnlyList<AcknowledgementMessage> On(SignedMessage message) =>
        [.. Verdicts.Select(v => v.Verdict).Where(v => v.BatchHash.Span.SequenceEqual(message.Hash.AsSpan()))];

    /// <summary>Waits for a verdict on a batch.</summary>
    public async Task<AcknowledgementMessage> VerdictAsync(SignedMessage message)
    {
        await Until.TrueAsync(() => On(message).Count > 0, () => $"No verdict on batch {message.Batch.Batch}.");
        return On(message)[0];
    }

    /// <summary>Sends batches as a node does: again until each has a verdict.</summary>
    public async Task SettleAsync(IReadOnlyCollection<SignedMessage> messages, TimeSpan again)
    {
        var open = messages.ToList();
        while (open.Count > 0)
        {
            foreach (var message in open)
            {
                await SendAsync(message);
            }

            using var timeout = new CancellationTokenSource(again);
            while (open.Count > 0 && !timeout.IsCancellationRequested)
            {
                var answered = Verdicts.Select(v => new Bytes32(v.Verdict.BatchHash.Span)).ToHashSet();
                open.RemoveAll(m => answered.Contains(m.Hash));
                await Task.Yield();
            }
        }
    }

    /// <summary>Whose signature a verdict bears.</summary>
    public static Address? Signer(AcknowledgementMessage verdict) =>
        new RecoverableSignature(verdict.Signature.Span).Recover(TypedDomain.TestNetwork.Digest(TypedStruct.Hash(new Acknowledgement
        {
            Node = new(verdict.Node.Span),
            Batch = verdict.Batch,
            BatchHash = new(verdict.BatchHash.Span),
            Verdict = (Verdict)verdict.Verdict,
            Reason = verdict.Reason,
        })));

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
