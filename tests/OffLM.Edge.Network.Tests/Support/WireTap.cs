using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using OffLM.Mqtt;

namespace OffLM.Edge.Network.Tests.Support;

/// <summary>Hears everything that goes through a broker.</summary>
internal sealed class WireTap : IAsyncDisposable
{
    private readonly MqttConnection _connection;
    private readonly ConcurrentQueue<MqttMessage> _heard = new();

    private WireTap(Uri broker)
    {
        _connection = new MqttConnection(
            new MqttOptions { Broker = broker, ClientId = "tap-" + Guid.NewGuid(), SessionExpiry = TimeSpan.Zero }, TimeProvider.System, NullLogger<MqttConnection>.Instance);
        _connection.Subscribe("#", Delivery.AtLeastOnce, (message, _) =>
        {
            _heard.Enqueue(message);
            return ValueTask.CompletedTask;
        });
    }

    public IReadOnlyList<MqttMessage> Heard => [.. _heard];

    public static async Task<WireTap> StartAsync(Uri broker)
    {
        var tap = new WireTap(broker);
        tap._connection.Start();
        await Eventually.HoldsAsync(() => tap._connection.Link.State == LinkState.Connected);
        return tap;
    }

    /// <summary>The messages of one topic.</summary>
    public IEnumerable<MqttMessage> On(string topic) => _heard.Where(m => m.Topic == topic);

    /// <summary>The values of a JSON field in the messages of a topic, in order.</summary>
    public IReadOnlyList<string> Values(string topic, string field) => [.. On(topic).Select(m => JsonDocument.Parse(m.Payload).RootElement.GetProperty(field).ToString())];

    /// <summary>The topics whose messages, or names, contain these bytes.</summary>
    public IReadOnlyList<string> Mentioning(ReadOnlySpan<byte> bytes)
    {
        var topics = new List<string>();
        foreach (var message in _heard)
        {
            if (message.Payload.Span.IndexOf(bytes) >= 0 || Encoding.UTF8.GetBytes(message.Topic).AsSpan().IndexOf(bytes) >= 0)
            {
                topics.Add(message.Topic);
            }
        }

        return topics;
    }

    public async ValueTask DisposeAsync() => await _connection.DisposeAsync();
}
