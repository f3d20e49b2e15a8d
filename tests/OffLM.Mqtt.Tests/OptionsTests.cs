using OffLM.Mqtt.Connecting;

namespace OffLM.Mqtt.Tests;

public sealed class OptionsTests
{
    private static readonly MqttOptions s_good = new() { Broker = new Uri("mqtts://broker.example"), ClientId = "node" };

    [Fact]
    public void Good_options_have_no_problem()
    {
        Assert.Null(s_good.Problem());
        Assert.Null((s_good with { Broker = new Uri("mqtt://[::1]:1884/"), User = "u", Password = "p" }).Problem());
        Assert.Null((s_good with { User = "u" }).Problem());
    }

    public static TheoryData<MqttOptions, string> Bad() => new()
    {
        { s_good with { Broker = new Uri("http://broker.example") }, "mqtt://host[:port]" },
        { s_good with { Broker = new Uri("broker.example", UriKind.Relative) }, "mqtt://host[:port]" },
        { s_good with { Broker = new Uri("mqtt://broker.example/path") }, "only have a host and a port" },
        { s_good with { Broker = new Uri("mqtt://user:secret@broker.example") }, "settings of their own" },
        { s_good with { ClientId = "" }, "client id" },
        { s_good with { Password = "p" }, "no user" },
        { s_good with { Broker = new Uri("mqtt://broker.example"), CaFile = "/ca.pem" }, "mqtts://" },
        { s_good with { CaFile = "/nowhere/ca.pem" }, "/nowhere/ca.pem does not exist" },
        { s_good with { PrivateKeyFile = "/nowhere/key.pem" }, "no certificate" },
        { s_good with { KeepAlive = TimeSpan.Zero }, "keep alive" },
        { s_good with { KeepAlive = TimeSpan.FromDays(1) }, "keep alive" },
        { s_good with { SessionExpiry = TimeSpan.FromSeconds(-1) }, "session expiry" },
        { s_good with { WillDelay = TimeSpan.FromSeconds(-1) }, "will delay" },
        { s_good with { ConnectTimeout = TimeSpan.Zero }, "time for connecting" },
        { s_good with { MinimumRetry = TimeSpan.FromMinutes(2) }, "minimum not above its maximum" },
        { s_good with { ReceiveMaximum = 0 }, "receive maximum" },
        { s_good with { MaximumPacketBytes = 10 }, "1024 bytes" },
        { s_good with { MaximumQueuedBytes = 10 }, "largest packet" },
        { s_good with { Will = new MqttMessage("a/#", default) }, "wildcard" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void Each_mistake_is_named(MqttOptions options, string words)
    {
        Assert.Contains(words, options.Problem());
        Assert.DoesNotContain("secret", options.Problem());
        Assert.Throws<ArgumentException>(() => new TestClient(options));
    }

    [Fact]
    public void Waits_double_up_to_the_maximum_and_are_spread()
    {
        double[] random = [0, 1];
        var at = 0;
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), () => random[at++ % 2]);

        var waits = Enumerable.Range(0, 9).Select(_ => backoff.Next().TotalSeconds).ToList();

        Assert.Equal([0.5, 2, 2, 8, 8, 32, 30, 60, 30], waits);
        backoff.Reset();
        Assert.Equal(1, backoff.Next().TotalSeconds);
    }

    [Fact]
    public void M2_After_a_link_that_held_the_waits_begin_anew_but_not_after_one_that_soon_broke()
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), () => 1);
        Assert.Equal([1, 2, 4], Enumerable.Range(0, 3).Select(_ => backoff.Next().TotalSeconds));

        backoff.Held(TimeSpan.FromSeconds(31));
        Assert.Equal(8, backoff.Next().TotalSeconds);
        backoff.Held(TimeSpan.FromSeconds(60));
        Assert.Equal(1, backoff.Next().TotalSeconds);
        Assert.Equal(2, backoff.Next().TotalSeconds);
        backoff.Held(TimeSpan.FromSeconds(16));
        Assert.Equal(1, backoff.Next().TotalSeconds);
    }

    [Fact]
    public void M2_Two_clients_that_throw_each_other_out_wait_longer_and_longer()
    {
        var random = new Random(1);
        Backoff[] clients = [.. Enumerable.Range(0, 2).Select(_ => new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), random.NextDouble))];
        TimeSpan[] pauses = [clients[0].Next(), clients[1].Next()];
        for (var round = 0; round < 1000; round++)
        {
            // Each one's link holds until the other comes back.
            var (lost, back) = (round % 2, 1 - (round % 2));
            clients[lost].Held(pauses[back]);
            pauses[lost] = clients[lost].Next();
        }

        Assert.All(pauses, pause => Assert.True(pause >= TimeSpan.FromSeconds(30), $"{pause}"));
    }
}
