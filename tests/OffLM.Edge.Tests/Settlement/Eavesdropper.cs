using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;
using OffLM.Edge.Tests.Harness;
using OffLM.Mqtt;
using OffLM.Mqtt.Contracts;

namespace OffLM.Edge.Tests.Settlement;

/// <summary>Somebody else at the broker, who hears all verdicts and publishes what they like.</summary>
internal sealed class Eavesdropper : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly MqttConnection _connection;
    private readonly ConcurrentQueue<byte[]> _verdicts = new();

    private Eavesdropper(Uri broker)
    {
        var options = new MqttOptions { Broker = broker, ClientId = "eavesdropper", SessionExpiry = TimeSpan.Zero };
        _connection = new MqttConnection(options, TimeProvider.System, NullLogger<MqttConnection>.Instance);
        _connection.Subscribe(Topics.OfAllNodes(Topics.DefaultFleet, "receipts/ack"), Delivery.AtLeastOnce, (message, _) =>
        {
            _verdicts.Enqueue(message.Payload.ToArray());
            return ValueTask.CompletedTask;
        });
    }

    /// <summary>All verdicts that went through the broker, its own among them.</summary>
    public IReadOnlyList<byte[]> Verdicts => [.. _verdicts];

    public static async Task<Eavesdropper> StartAsync(Uri broker)
    {
        var eavesdropper = new Eavesdropper(broker);
        eavesdropper._connection.Start();
        await Until.TrueAsync(Patience, () => eavesdropper._connection.Link.State == LinkState.Connected, "The test's own client does not reach the broker.");
        return eavesdropper;
    }

    /// <summary>Publishes as a verdict for a node.</summary>
    public Task SendVerdictAsync(Address node, byte[] payload) => SendAsync(TopicsOf(node).ReceiptAcknowledgement, payload);

    /// <summary>Publishes as a batch of a node.</summary>
    public Task SendBatchAsync(Address node, byte[] payload) => SendAsync(TopicsOf(node).ReceiptBatch, payload);

    /// <summary>A verdict as a collector would write it.</summary>
    public static async Task<byte[]> SignAsync(ISigningKey key, StoredBatch batch, Verdict verdict, string reason = "")
    {
        var acknowledgement = new Acknowledgement { Node = batch.Batch.Node, Batch = batch.Batch.Batch, BatchHash = batch.Hash, Verdict = verdict, Reason = reason };
        var signature = await key.SignAsync(batch.Domain.Digest(TypedStruct.Hash(acknowledgement)), CancellationToken.None);
        return new AcknowledgementMessage
        {
            Node = ByteString.CopyFrom(acknowledgement.Node.AsSpan()),
            Batch = acknowledgement.Batch,
            BatchHash = ByteString.CopyFrom(acknowledgement.BatchHash.AsSpan()),
            Verdict = (uint)verdict,
            Reason = reason,
            Signature = ByteString.CopyFrom(signature.AsSpan()),
            LastSequence = batch.Batch.FirstSequence + batch.Batch.Count - 1,
        }.ToByteArray();
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static Topics TopicsOf(Address node) => new(Topics.DefaultFleet, node.ToLowerString());

    private Task SendAsync(string topic, byte[] payload) => _connection.PublishAsync(new MqttMessage(topic, payload), CancellationToken.None);
}
