using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Network.Tests.Wire;
using OffLM.Edge.Signing;
using OffLM.Mqtt;

namespace OffLM.Edge.Network.Tests.Support;

/// <summary>A small collector: takes batches of all nodes, checks their proof, and answers with signed verdicts.</summary>
internal sealed class TestCollector : IAsyncDisposable
{
    private readonly MqttConnection _connection;
    private readonly ConcurrentQueue<BatchDecoder> _received = new();

    private TestCollector(MqttOptions options)
    {
        _connection = new MqttConnection(options, TimeProvider.System, NullLogger<MqttConnection>.Instance);
        _connection.Subscribe(Topics.OfAllNodes(Topics.DefaultFleet, "receipts/batch"), Delivery.AtLeastOnce, OnBatchAsync);
    }

    /// <summary>All batches that came, in order, those that came again included.</summary>
    public IReadOnlyList<BatchDecoder> Received => [.. _received];

    /// <summary>The numbers of all batches that came.</summary>
    public IReadOnlyList<ulong> Numbers => [.. _received.Select(b => b.Batch.Batch)];

    /// <summary>What is answered to a batch: payloads for its node's verdict topic. By default one, settled if it is proven.</summary>
    public Func<BatchDecoder, Task<IReadOnlyList<byte[]>>> Answer { get; set; } = async batch =>
        [await VerdictWriter.WriteAsync(batch.Batch, batch.IsProven ? Verdict.Settled : Verdict.Refused, batch.IsProven ? "" : "not proven", domain: batch.Domain)];

    public static async Task<TestCollector> StartAsync(Uri broker, string? user = null, string? password = null)
    {
        var collector = new TestCollector(new MqttOptions { Broker = broker, ClientId = "collector", User = user, Password = password, MaximumRetry = TimeSpan.FromSeconds(1) });
        collector._connection.Start();
        await collector.ConnectedAsync();
        return collector;
    }

    /// <summary>Until it can hear batches.</summary>
    public Task ConnectedAsync() => Eventually.HoldsAsync(() => _connection.Link.State == LinkState.Connected, () => _connection.Link.ToString());

    /// <summary>Publishes anything as a verdict for a node.</summary>
    public Task SendAsync(Address node, byte[] payload) =>
        _connection.PublishAsync(new MqttMessage(new Topics(Topics.DefaultFleet, node.ToLowerString()).ReceiptAcknowledgement, payload), CancellationToken.None);

    /// <summary>Answers nothing.</summary>
    public static Task<IReadOnlyList<byte[]>> SilenceAsync(BatchDecoder batch) => Task.FromResult<IReadOnlyList<byte[]>>([]);

    public async ValueTask DisposeAsync()
    {
        await _connection.StopAsync(null, TimeSpan.FromSeconds(2));
        await _connection.DisposeAsync();
    }

    private async ValueTask OnBatchAsync(MqttMessage message, CancellationToken cancellation)
    {
        var batch = BatchDecoder.Parse(message.Payload.Span);
        _received.Enqueue(batch);
        foreach (var payload in await Answer(batch))
        {
            await _connection.PublishAsync(new MqttMessage(message.Topic.Replace("receipts/batch", "receipts/ack", StringComparison.Ordinal), payload), cancellation);
        }
    }
}
