using OffLM.Shared.Mqtt;

namespace OffLM.Mqtt.Tests;

public sealed class ReconnectTests
{
    [Fact]
    public async Task A_broken_connection_is_made_again_and_what_was_sent_meanwhile_arrives()
    {
        await using var broker = await MosquittoBroker.StartAsync();
        await using var proxy = FaultyProxy.Start(broker.Port);
        await using var other = await new TestClient(TestClient.Options(broker.Uri)).ConnectedAsync();
        await using var client = await new TestClient(TestClient.Options(proxy.Uri)).Keep("a").ConnectedAsync();
        Assert.False(client.Sessions.Single().SessionPresent);

        await proxy.RefuseAsync();
        await TestClient.UntilAsync(() => client.Connection.Link.Attempts > 0, () => "a failed attempt");
        Assert.Contains("connection refused", client.Connection.Link.Problem);
        await Assert.ThrowsAsync<MqttDisconnectedException>(() => client.PublishAsync("a", "x"));
        await other.PublishAsync("a", "meanwhile");
        proxy.Listen();

        await client.ReceivedAsync(1);
        await TestClient.UntilAsync(() => client.Sessions.Count == 2, () => "a second session");
        Assert.True(client.Sessions.Last().SessionPresent);
        Assert.Equal(["meanwhile"], client.Texts);
        Assert.Null(client.Connection.Link.Problem);
    }

    [Fact]
    public async Task Many_messages_both_ways_at_once_arrive_in_order_without_loss()
    {
        const int count = 10_000;
        await using var broker = await MosquittoBroker.StartAsync(new() { Lines = ["max_queued_messages 0"] });
        await using var one = await new TestClient(TestClient.Options(broker.Uri)).Keep("to/one").ConnectedAsync();
        await using var two = await new TestClient(TestClient.Options(broker.Uri)).Keep("to/two").ConnectedAsync();

        await Task.WhenAll(SendAsync(one, "to/two"), SendAsync(two, "to/one"));
        await one.ReceivedAsync(count);
        await two.ReceivedAsync(count);

        var expected = Enumerable.Range(0, count).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(expected, one.Texts);
        Assert.Equal(expected, two.Texts);

        static Task SendAsync(TestClient client, string topic) => Task.WhenAll(
            Enumerable.Range(0, count).Select(i => client.PublishAsync(topic, i.ToString(System.Globalization.CultureInfo.InvariantCulture))));
    }
}
