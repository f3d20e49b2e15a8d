using OffLM.Shared.Mqtt;

namespace OffLM.Mqtt.Tests;

public sealed class RefusalTests
{
    [Theory]
    [InlineData(0x86, "user or the password")]
    [InlineData(0x87, "does not authorise this client")]
    [InlineData(0x89, "busy")]
    [InlineData(0x8A, "banned")]
    [InlineData(0x97, "quota")]
    [InlineData(0x9F, "too fast")]
    public async Task A_refused_connect_says_why(byte reason, string words)
    {
        await using var broker = new FakeBroker { Connack = reason };
        await using var client = new TestClient(TestClient.Options(broker.Uri)).Start();

        Assert.Contains(words, await client.ProblemAsync());
        await TestClient.UntilAsync(() => client.Connection.Link.Attempts >= 3, () => "more attempts");
        Assert.Contains($"0x{reason:X2}", Assert.Single(client.Complaints));   // told once, not per attempt

        broker.Connack = 0;
        await client.ConnectedAsync();
        Assert.Null(client.Connection.Link.Problem);
        Assert.Equal(0, client.Connection.Link.Attempts);
    }

    [Fact]
    public async Task A_wrong_password_is_told_and_a_right_one_connects()
    {
        await using var broker = await MosquittoBroker.StartAsync(new() { Users = new Dictionary<string, string> { ["node"] = "right" } });
        await using (var client = new TestClient(TestClient.Options(broker.Uri) with { User = "node", Password = "wrong" }).Start())
        {
            // Mosquitto says "not authorised" for this.
            Assert.Contains("The broker does not authorise this client", await client.ProblemAsync());
        }

        await using var good = await new TestClient(TestClient.Options(broker.Uri) with { User = "node", Password = "right" }).ConnectedAsync();
        Assert.Empty(good.Complaints);
    }

    [Fact]
    public async Task A_message_to_a_forbidden_topic_is_refused_with_its_reason()
    {
        await using var broker = await MosquittoBroker.StartAsync(new() { Acl = ["topic readwrite mine/#"] });
        await using var client = await new TestClient(TestClient.Options(broker.Uri)).ConnectedAsync();

        var refused = await Assert.ThrowsAsync<MqttPublishException>(() => client.PublishAsync("theirs/a", "x"));

        Assert.Equal(0x87, refused.ReasonCode);
        Assert.Contains("does not allow this client to publish to theirs/a", refused.Message);
        await client.PublishAsync("mine/a", "x");
    }

    [Fact]
    public async Task A_forbidden_subscription_is_a_problem_while_the_rest_works()
    {
        await using var broker = new FakeBroker { Forbidden = "theirs/a" };
        await using var client = await new TestClient(TestClient.Options(broker.Uri)).Keep("mine/a").Keep("theirs/a").ConnectedAsync();

        Assert.Contains("does not allow this client to subscribe to theirs/a", client.Connection.Link.Problem);
        await client.PublishAsync("mine/a", "x");
        Assert.Single(client.Complaints);
    }

    [Fact]
    public async Task A_used_up_quota_is_told_to_who_publishes()
    {
        await using var broker = new FakeBroker { Puback = 0x97, PubackText = "1000 a day\u0007" };
        await using var client = await new TestClient(TestClient.Options(broker.Uri)).ConnectedAsync();

        var refused = await Assert.ThrowsAsync<MqttPublishException>(() => client.PublishAsync("a", "x"));

        Assert.Equal(0x97, refused.ReasonCode);
        Assert.Contains("quota", refused.Message);
        Assert.EndsWith("(0x97: 1000 a day).", refused.Message);
    }

    [Fact]
    public async Task M3_A_packet_above_the_brokers_maximum_is_not_sent()
    {
        await using var broker = await MosquittoBroker.StartAsync(new() { Lines = ["max_packet_size 4096"] });
        await using var client = await new TestClient(TestClient.Options(broker.Uri)).Keep("a").ConnectedAsync();
        Assert.Equal(4096u, client.Connection.Link.Session!.MaximumPacketBytes);

        // PUBLISH "a": 1 + 2 (length) + 3 (topic) + 2 (packet id) + 1 (no properties).
        const int overhead = 9;
        var refused = await Assert.ThrowsAsync<MqttPublishException>(() => client.PublishAsync("a", new string('x', 4096 - overhead + 1)));
        Assert.Equal(0x95, refused.ReasonCode);
        Assert.Contains("4097 bytes, but the broker takes at most 4096", refused.Message);

        await client.PublishAsync("a", new string('x', 4096 - overhead));   // exactly as large as allowed
        await client.ReceivedAsync(1);
        Assert.Single(client.Sessions);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("a/+", "wildcard")]
    [InlineData("a/#", "wildcard")]
    [InlineData("a\0b", "control character")]
    public async Task A_malformed_topic_is_refused(string topic, string words)
    {
        await using var broker = new FakeBroker();
        await using var client = await new TestClient(TestClient.Options(broker.Uri)).ConnectedAsync();

        Assert.Contains(words, (await Assert.ThrowsAsync<MqttPublishException>(() => client.PublishAsync(topic, "x"))).Message);
    }

    [Fact]
    public async Task A_broker_without_retained_messages_is_not_sent_any()
    {
        await using var broker = new FakeBroker { ConnackProperties = [37, 0] };
        await using var client = await new TestClient(TestClient.Options(broker.Uri)).ConnectedAsync();

        var refused = await Assert.ThrowsAsync<MqttPublishException>(
            () => client.Connection.PublishAsync(TestClient.Message("a", "x") with { Retain = true }, CancellationToken.None));

        Assert.Equal(0x9A, refused.ReasonCode);
        Assert.Equal(0, broker.Published);
    }

    [Fact]
    public async Task M3_No_more_is_under_way_than_the_broker_takes()
    {
        await using var broker = new FakeBroker { ConnackProperties = [33, 0, 3], Puback = null };
        await using var client = await new TestClient(TestClient.Options(broker.Uri)).ConnectedAsync();
        using var cancel = new CancellationTokenSource();

        var publishing = Enumerable.Range(0, 10).Select(i => client.Connection.PublishAsync(TestClient.Message("a", "x"), cancel.Token)).ToList();
        await TestClient.UntilAsync(() => broker.Published == 3, () => "three messages");
        Assert.All(publishing, one => Assert.False(one.IsCompleted));

        // Whoever waits can give up; whoever does not is told when the connection ends.
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => publishing[9]);
        var left = client.PublishAsync("a", "x");
        await client.DisposeAsync();
        await Assert.ThrowsAsync<MqttDisconnectedException>(() => left);
        Assert.Equal(3, broker.Published);
    }

    [Fact]
    public async Task The_brokers_wish_for_a_shorter_keep_alive_is_heeded()
    {
        await using var broker = new FakeBroker { ConnackProperties = [19, 0, 7] };
        await using var client = await new TestClient(TestClient.Options(broker.Uri)).ConnectedAsync();

        Assert.Equal([30, 7], broker.KeepAlives);
        Assert.Equal(TimeSpan.FromSeconds(7), client.Connection.Link.Session!.KeepAlive);
    }

    [Fact]
    public async Task A_goodbye_of_the_broker_is_told_with_its_reason()
    {
        await using var broker = new FakeBroker { DisconnectAtSubscribe = 0x8E };
        await using var client = new TestClient(TestClient.Options(broker.Uri)).Keep("a").Start();

        Assert.Contains("same client id", await client.ProblemAsync());
    }

    [Fact]
    public async Task Two_clients_of_one_name_do_not_fight_at_full_speed()
    {
        await using var broker = await MosquittoBroker.StartAsync();

        // The library takes up to two seconds to connect: a link that holds for so long must not look like a good one.
        var options = TestClient.Options(broker.Uri, "same") with { MinimumRetry = TimeSpan.FromMilliseconds(600), MaximumRetry = TimeSpan.FromSeconds(60) };
        await using var one = await new TestClient(options).ConnectedAsync();
        await using var two = await new TestClient(options).ConnectedAsync();

        await TestClient.UntilAsync(() => one.Links.Count(link => link.State == LinkState.Waiting) >= 4, () => "four losses");

        var waits = one.Links.Where(link => link.State == LinkState.Waiting).Select(link => link.NextAttempt!.Value - link.Since).ToList();
        Assert.True(waits[3] > waits[0], string.Join(", ", waits));
    }
}
