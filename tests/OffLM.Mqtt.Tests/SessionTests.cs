using OffLM.Shared.Mqtt;

namespace OffLM.Mqtt.Tests;

public sealed class SessionTests
{
    [Fact]
    public async Task M1_The_protocol_is_mqtt_5()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var client = await new TestClient(TestClient.Options(broker.Uri, "versioned")).ConnectedAsync();
        await broker.LoggedAsync("as versioned (p5,");
    }

    [Fact]
    public async Task Retained_messages_come_with_a_new_subscription_and_not_again_after_a_break()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await using var other = await new TestClient(TestClient.Options(broker.Uri)).ConnectedAsync();
        await other.Connection.PublishAsync(TestClient.Message("state", "kept") with { Retain = true }, CancellationToken.None);

        await using var client = await new TestClient(TestClient.Options(proxy.Uri)).Keep("state").ConnectedAsync();
        await client.ReceivedAsync(1);
        Assert.True(client.Received.Single().Retain);

        proxy.Cut();
        await TestClient.UntilAsync(() => client.Sessions.Count == 2, () => "a second session");
        await other.PublishAsync("state", "new");
        await client.ReceivedAsync(2);
        Assert.Equal(["kept", "new"], client.Texts);
    }

    [Fact]
    public async Task An_expired_message_is_not_delivered_to_who_comes_back_late()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var other = await new TestClient(TestClient.Options(broker.Uri)).ConnectedAsync();
        var options = TestClient.Options(broker.Uri, "sleeper");
        await (await new TestClient(options).Keep("a").ConnectedAsync()).DisposeAsync();

        await other.Connection.PublishAsync(TestClient.Message("a", "short") with { Expiry = TimeSpan.FromSeconds(1) }, CancellationToken.None);
        await other.Connection.PublishAsync(TestClient.Message("a", "long") with { Expiry = TimeSpan.FromHours(1) }, CancellationToken.None);
        await Task.Delay(TimeSpan.FromSeconds(2.5));   // the broker's own clock: nothing to wait for but time
        await using var back = await new TestClient(options).Keep("a").ConnectedAsync();

        await back.ReceivedAsync(1);
        Assert.Equal(["long"], back.Texts);
        Assert.True(back.Sessions.Single().SessionPresent);
    }

    [Fact]
    public async Task A_clean_start_drops_what_was_kept_but_only_once()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await using var other = await new TestClient(TestClient.Options(broker.Uri)).ConnectedAsync();
        var options = TestClient.Options(proxy.Uri, "clean");
        await (await new TestClient(options).Keep("a").ConnectedAsync()).DisposeAsync();
        await other.PublishAsync("a", "dropped");

        await using var client = await new TestClient(options with { CleanStart = true }).Keep("a").ConnectedAsync();
        await proxy.RefuseAsync();
        await TestClient.UntilAsync(() => client.Connection.Link.Attempts > 0, () => "a failed attempt");
        await other.PublishAsync("a", "kept");
        proxy.Listen();

        // What the broker kept comes right behind its CONNACK, and may be handled first.
        await client.ReceivedAsync(1);
        await TestClient.UntilAsync(() => client.Sessions.Count == 2, () => "a second session");
        Assert.Equal(["kept"], client.Texts);
        Assert.Equal([false, true], client.Sessions.Select(session => session.SessionPresent));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_the_broker_was_killed_all_goes_on_with_or_without_its_store(bool keepStore)
    {
        await using var broker = await MosquittoBroker.StartAsync(new()
        {
            Persistence = true,
            Lines = ["autosave_on_changes true", "autosave_interval 1"],
        });
        await using var client = await new TestClient(TestClient.Options(broker.Uri)).Keep("a").ConnectedAsync();
        await client.PublishAsync("a", "before");
        await client.ReceivedAsync(1);

        await broker.KillAsync();
        await TestClient.UntilAsync(() => client.Connection.Link.Attempts > 0, () => "a failed attempt");
        await broker.StartAgainAsync(keepStore);
        await TestClient.UntilAsync(() => client.Sessions.Count == 2, () => "a second session");

        Assert.Equal(keepStore, client.Sessions.Last().SessionPresent);
        await client.PublishAsync("a", "after");
        await TestClient.UntilAsync(() => client.Texts.Contains("after"), () => "the message");
    }

    [Fact]
    public async Task The_will_comes_after_its_delay_when_a_client_vanishes_and_never_after_a_planned_stop()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await using var watcher = await new TestClient(TestClient.Options(broker.Uri)).Keep("state/+").ConnectedAsync();
        MqttOptions WithWill(string id) => TestClient.Options(proxy.Uri, id) with
        {
            Will = TestClient.Message($"state/{id}", "will") with { Retain = true },
            WillDelay = TimeSpan.FromSeconds(1),
        };

        // Stops as planned, with a farewell.
        await using var planned = await new TestClient(WithWill("planned")).ConnectedAsync();
        await planned.Connection.StopAsync(TestClient.Message("state/planned", "farewell"), TestClient.Patience);
        Assert.Equal(LinkState.Off, planned.Connection.Link.State);

        // Comes back within the delay.
        await using var back = await new TestClient(WithWill("back") with { WillDelay = TimeSpan.FromSeconds(20) }).ConnectedAsync();
        proxy.Cut();
        await TestClient.UntilAsync(() => back.Sessions.Count == 2, () => "a second session");

        // Vanishes.
        await using var gone = await new TestClient(WithWill("gone")).ConnectedAsync();
        await proxy.RefuseAsync();
        await TestClient.UntilAsync(() => watcher.Received.Any(message => message.Topic == "state/gone"), () => "the will");

        // The planned one's would have come before.
        Assert.Equal(["state/planned farewell", "state/gone will"], watcher.Received.Zip(watcher.Texts, (message, text) => $"{message.Topic} {text}"));
    }

    [Fact]
    public async Task What_is_to_be_done_after_connecting_is_cancelled_with_the_link_and_done_again()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await using var client = new TestClient(TestClient.Options(proxy.Uri)).Keep("a");
        var (running, begun, cancelled) = (0, 0, 0);
        client.Connection.OnConnected = async (_, cancellation) =>
        {
            Assert.Equal(1, Interlocked.Increment(ref running));
            Interlocked.Increment(ref begun);
            try
            {
                await client.Connection.PublishAsync(TestClient.Message("a", "birth"), cancellation);
                await Task.Delay(Timeout.Infinite, cancellation);
            }
            finally
            {
                Interlocked.Decrement(ref running);
                Interlocked.Increment(ref cancelled);
            }
        };
        await client.ConnectedAsync();
        await client.ReceivedAsync(1);

        proxy.Cut();
        await TestClient.UntilAsync(() => Volatile.Read(ref begun) == 2, () => "a second beginning");

        Assert.Equal(1, Volatile.Read(ref cancelled));
        await client.DisposeAsync();
        Assert.Equal(2, Volatile.Read(ref cancelled));
        Assert.DoesNotContain(client.Complaints, line => line.Contains("after connecting", StringComparison.Ordinal));
    }
}
