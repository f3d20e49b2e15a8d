using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using OffLM.Mqtt.Interop.Paho;
using OffLM.Shared.Mqtt;

namespace OffLM.Mqtt.Tests;

public sealed class DisposeTests
{
    [Fact]
    public async Task A_connection_can_be_ended_at_any_moment_of_connecting()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        var random = new Random(3);
        for (var i = 0; i < 60; i++)
        {
            var client = new TestClient(TestClient.Options(broker.Uri)).Keep("a").Start();
            await Task.Delay(random.Next(0, 30));
            await client.DisposeAsync();
            Assert.Equal(LinkState.Off, client.Connection.Link.State);
            await Assert.ThrowsAsync<MqttDisconnectedException>(() => client.PublishAsync("a", "x"));
        }
    }

    [Fact]
    public async Task A_connection_can_be_ended_while_it_publishes()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        for (var i = 0; i < 10; i++)
        {
            var client = await new TestClient(TestClient.Options(broker.Uri)).Keep("a").ConnectedAsync();
            var publishing = Enumerable.Range(0, 1000).Select(_ => client.PublishAsync("a", new string('x', 1000))).ToList();
            await client.ReceivedAsync(10 * i);
            await client.DisposeAsync();

            // Each has ended: acknowledged, or told that it may not have arrived.
            await Task.WhenAll(publishing.Select(async one =>
            {
                try
                {
                    await one;
                }
                catch (MqttDisconnectedException)
                {
                    // As announced.
                }
            })).WaitAsync(TestClient.Patience);
        }
    }

    /// <summary>Who publishes doesn't know yet that the link just went.</summary>
    [Fact]
    public void What_is_handed_to_a_client_that_was_ended_ends_as_with_a_lost_link()
    {
        var client = new PahoClient(new Uri("mqtt://127.0.0.1:1"), "a", new NoEvents());
        client.Dispose();
        var results = new List<PahoResult>();

        client.Publish(TestClient.Message("a", "x"), results.Add);

        Assert.True(Assert.Single(results).IsUnknown);
    }

    [Fact]
    public async Task Ending_does_not_wait_for_a_broker_that_does_not_answer()
    {
        await using var broker = new FakeBroker { Silent = true };
        var client = new TestClient(TestClient.Options(broker.Uri)).Start();
        await TestClient.UntilAsync(() => broker.KeepAlives.IsEmpty && client.Connection.Link.State == LinkState.Connecting, () => "an attempt");

        var start = Stopwatch.GetTimestamp();
        await client.Connection.StopAsync(TestClient.Message("a", "farewell"), TimeSpan.FromSeconds(5));

        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(4));
        await client.DisposeAsync();   // once more does no harm
        Assert.Throws<InvalidOperationException>(client.Connection.Start);
    }

    [Fact]
    public async Task A_farewell_that_nobody_acknowledges_does_not_hold_up_the_end()
    {
        await using var broker = new FakeBroker { Puback = null };
        await using var client = await new TestClient(TestClient.Options(broker.Uri)).ConnectedAsync();

        await client.Connection.StopAsync(TestClient.Message("a", "farewell"), TimeSpan.FromMilliseconds(300));

        Assert.Equal(1, broker.Published);
        Assert.Contains("The farewell to a was not delivered", Assert.Single(client.Complaints));
    }

    [Fact]
    public async Task A_broker_that_takes_connections_but_never_answers_is_told()
    {
        await using var broker = new FakeBroker { Silent = true };
        await using var client = new TestClient(TestClient.Options(broker.Uri) with { ConnectTimeout = TimeSpan.FromSeconds(2) }).Start();

        Assert.EndsWith("took the connection but did not answer within 2 s.", await client.ProblemAsync());
        broker.Silent = false;
        await client.ConnectedAsync();
    }

    [Fact]
    public async Task A_host_that_answers_nothing_and_a_name_that_nobody_knows_are_told()
    {
        // A listener whose queue is full takes no more connections: as silent as a firewall.
        using var full = new TcpListener(IPAddress.Loopback, 0);
        full.Start(backlog: 1);
        var port = ((IPEndPoint)full.LocalEndpoint).Port;
        var queued = Enumerable.Range(0, 4).Select(_ => new TcpClient()).ToList();
        var connecting = queued.Select(one => one.ConnectAsync(IPAddress.Loopback, port)).ToList();
        await connecting[0];
        await using var silent = new TestClient(
            TestClient.Options(new Uri($"mqtt://127.0.0.1:{port}")) with { ConnectTimeout = TimeSpan.FromMilliseconds(300) }).Start();
        Assert.Contains($"127.0.0.1:{port} did not answer within 0.3 s", await silent.ProblemAsync());
        queued.ForEach(one => one.Dispose());
        await Task.WhenAll(connecting.Select(one => one.ContinueWith(_ => { }, TaskScheduler.Default)));

        await using var unknown = new TestClient(TestClient.Options(new Uri("mqtt://broker.invalid"))).Start();
        Assert.Contains("The broker's name broker.invalid", await unknown.ProblemAsync());
    }

    private sealed class NoEvents : IPahoEvents
    {
        public void PacketCame()
        {
        }

        public void MessageArrived(MqttMessage message)
        {
        }

        public void LinkLost(int reason, string? text)
        {
        }
    }
}
