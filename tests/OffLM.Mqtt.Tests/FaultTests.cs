using System.Collections.Concurrent;
using System.Globalization;
using OffLM.Shared.Mqtt;

namespace OffLM.Mqtt.Tests;

[Collection(nameof(LeakTests))]
public sealed class FaultTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_silent_partition_is_noticed_by_the_keep_alive()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await using var client = await new TestClient(TestClient.Options(proxy.Uri) with { KeepAlive = s_second }).ConnectedAsync();

        proxy.Partition();
        await TestClient.UntilAsync(() => client.Connection.Link.State != LinkState.Connected, () => "a loss");

        proxy.Heal();
        await client.ConnectedAsync();
        Assert.True(client.Sessions.Last().SessionPresent);
    }

    [Theory]
    [InlineData(Delivery.AtMostOnce)]
    [InlineData(Delivery.AtLeastOnce)]
    public async Task A_partition_is_noticed_also_by_who_goes_on_publishing(Delivery delivery)
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await using var client = await new TestClient(TestClient.Options(proxy.Uri) with { KeepAlive = s_second }).Keep("a").ConnectedAsync();
        proxy.ToServerLost = true;

        // More often than the keep alive, so that the library never pings.
        var (published, failed) = (0, 0);
        while (client.Connection.Link.State == LinkState.Connected)
        {
            published++;
            _ = PublishAsync();
            await Task.Delay(100);
            Assert.True(client.Connection.Link.Since > DateTimeOffset.UtcNow - TestClient.Patience, "It was not noticed.");
        }

        proxy.Heal();
        await client.ConnectedAsync();

        // At most once is done when it is written: only what met the end of the link can fail.
        var (least, most) = delivery == Delivery.AtLeastOnce ? (1, published) : (0, published / 4);
        Assert.InRange(Volatile.Read(ref failed), least, most);

        async Task PublishAsync()
        {
            try
            {
                await client.Connection.PublishAsync(TestClient.Message("a", "x") with { Delivery = delivery }, CancellationToken.None);
            }
            catch (MqttDisconnectedException)
            {
                Interlocked.Increment(ref failed);
            }
        }
    }

    [Fact]
    public async Task What_is_published_as_soon_as_there_is_a_link_reaches_ones_own_new_subscription()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        for (var round = 0; round < 6; round++)
        {
            await using var client = new TestClient(TestClient.Options(broker.Uri)).Keep("a").Start();
            await Task.WhenAll(Enumerable.Range(0, 4).Select(publisher => Task.Run(() => PublishAsync(client, publisher))));
            await client.ReceivedAsync(20);
        }

        static async Task PublishAsync(TestClient client, int publisher)
        {
            for (var i = 0; i < 5;)
            {
                try
                {
                    await client.PublishAsync("a", $"{publisher} {i}");
                    i++;
                }
                catch (MqttDisconnectedException)
                {
                    await Task.Yield();   // not yet: again at once
                }
            }
        }
    }

    [Fact]
    public async Task A_slow_link_is_slow_and_nothing_else()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await using var client = await new TestClient(TestClient.Options(proxy.Uri) with { KeepAlive = s_second }).Keep("a").ConnectedAsync();
        proxy.BytesPerSecond = 40_000;
        proxy.Delay = TimeSpan.FromMilliseconds(20);

        // 60 messages of 2 KB: three seconds each way, several times the keep alive.
        await Task.WhenAll(Enumerable.Range(0, 60).Select(i => client.PublishAsync("a", Number(i).PadRight(2000))));
        await client.ReceivedAsync(60);

        Assert.Equal(Enumerable.Range(0, 60).Select(Number), client.Texts.Select(text => text.TrimEnd()));
        Assert.Single(client.Sessions);
    }

    /// <summary>
    /// Connections that break after any number of bytes, either way. Who publishes until it is acknowledged, and who listens with a
    /// session, lose nothing, and nothing arrives that was not sent.
    /// </summary>
    [Fact]
    public async Task Cuts_at_any_byte_lose_no_acknowledged_message()
    {
        // All at once, through the one library of this process.
        var seeds = Environment.GetEnvironmentVariable("OFFLM_TEST_ALL") is null ? 8 : 64;
        await Task.WhenAll(Enumerable.Range(1, seeds).Select(CutAtAnyByteAsync));
    }

    [Fact]
    public async Task Any_bytes_instead_of_a_broker_are_survived()
    {
        var random = new Random(7);
        for (var i = 0; i < 30; i++)
        {
            var bytes = new byte[random.Next(1, 60)];
            random.NextBytes(bytes);
            if (i % 2 == 0)
            {
                bytes[0] = 0x20;   // as if a CONNACK began
            }

            await using var server = new BabblingServer(bytes);
            await using var client = new TestClient(TestClient.Options(server.Uri) with { ConnectTimeout = TimeSpan.FromMilliseconds(500) }).Keep("a").Start();
            await TestClient.UntilAsync(() => client.Connection.Link.Attempts > 0 || client.Sessions.Count > 0, () => "an attempt");
        }
    }

    private static async Task CutAtAnyByteAsync(int seed)
    {
        const int messages = 150, cuts = 12;
        var random = new Random(seed);
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        var options = TestClient.Options(proxy.Uri) with { MinimumRetry = TimeSpan.FromMilliseconds(1), MaximumRetry = TimeSpan.FromMilliseconds(20) };
        var received = new ConcurrentDictionary<string, int>();
        await using var client = new TestClient(options with { ConnectTimeout = TimeSpan.FromSeconds(5) });
        client.Connection.Subscribe("a", Delivery.AtLeastOnce, (message, _) =>
        {
            received.AddOrUpdate(System.Text.Encoding.UTF8.GetString(message.Payload.Span), 1, (_, count) => count + 1);
            return ValueTask.CompletedTask;
        });
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        proxy.NextCut = () => proxy.Accepted < cuts ? new LinkCut(random.Next(2) == 0, random.Next(1, 4000), CutKind.Reset) : null;
        client.Start();

        await Task.WhenAll(Enumerable.Range(0, messages).Select(PublishUntilAcknowledgedAsync));
        await TestClient.UntilAsync(() => received.Count == messages, () => $"{messages} messages, but got {received.Count}");

        Assert.Equal(Enumerable.Range(0, messages).Select(i => Number(i).PadRight(50)).Order(), received.Keys.Order());

        async Task PublishUntilAcknowledgedAsync(int i)
        {
            while (true)
            {
                try
                {
                    await client.PublishAsync("a", Number(i).PadRight(50));
                    return;
                }
                catch (MqttDisconnectedException)
                {
                    await Task.Delay(10, patience.Token);
                }
            }
        }
    }

    private static string Number(int i) => i.ToString(CultureInfo.InvariantCulture);
}
