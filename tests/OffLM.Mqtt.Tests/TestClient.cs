using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging;

namespace OffLM.Mqtt.Tests;

/// <summary>A connection that keeps what it meets, and waits for what a test expects.</summary>
internal sealed class TestClient : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly KeptLog _log = new();

    public TestClient(MqttOptions options, TimeProvider? time = null)
    {
        Connection = new MqttConnection(options, time ?? TimeProvider.System, new LoggerFactory([_log]).CreateLogger<MqttConnection>());
        Connection.LinkChanged += Links.Enqueue;
        Connection.OnConnected = (session, _) =>
        {
            Sessions.Enqueue(session);
            return Task.CompletedTask;
        };
    }

    public MqttConnection Connection { get; }

    public ConcurrentQueue<MqttMessage> Received { get; } = new();

    public ConcurrentQueue<MqttLink> Links { get; } = new();

    public ConcurrentQueue<MqttSession> Sessions { get; } = new();

    /// <summary>Warnings and errors.</summary>
    public IReadOnlyCollection<string> Complaints => _log.Complaints;

    public IReadOnlyList<string> Texts => [.. Received.Select(message => Encoding.UTF8.GetString(message.Payload.Span))];

    /// <summary>Quick retries; everything else as a user has it.</summary>
    public static MqttOptions Options(Uri broker, string? id = null) => new()
    {
        Broker = broker,
        ClientId = id ?? $"test-{Guid.NewGuid():N}",
        MinimumRetry = TimeSpan.FromMilliseconds(50),
        MaximumRetry = TimeSpan.FromMilliseconds(200),
    };

    public static MqttMessage Message(string topic, string text) => new(topic, Encoding.UTF8.GetBytes(text));

    public TestClient Keep(string filter)
    {
        Connection.Subscribe(filter, Delivery.AtLeastOnce, (message, _) =>
        {
            Received.Enqueue(message);
            return ValueTask.CompletedTask;
        });
        return this;
    }

    public TestClient Start()
    {
        Connection.Start();
        return this;
    }

    public async Task<TestClient> ConnectedAsync()
    {
        if (Connection.Link.State == LinkState.Off)
        {
            Start();
        }

        await UntilAsync(() => Connection.Link.State == LinkState.Connected, () => $"connected, but {Connection.Link}");
        return this;
    }

    public async Task<string> ProblemAsync()
    {
        await UntilAsync(() => Connection.Link.Problem is not null, () => "a problem");
        return Connection.Link.Problem!;
    }

    public Task ReceivedAsync(int count) => UntilAsync(() => Received.Count >= count, () => $"{count} messages, but got {Received.Count}");

    public Task PublishAsync(string topic, string text) => Connection.PublishAsync(Message(topic, text), CancellationToken.None);

    public static async Task UntilAsync(Func<bool> condition, Func<string> expected)
    {
        var start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"Waited in vain for {expected()}");
            await Task.Delay(5);
        }
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}
