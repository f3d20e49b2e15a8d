using OffLM.Shared.Mqtt;

namespace OffLM.Mqtt.Tests;

public sealed class TlsTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task A_broker_with_a_good_certificate_is_connected_to(string host)
    {
        await using var broker = await MosquittoBroker.StartAsync(new() { Tls = _authority.Issue(host) });
        await using var client = await new TestClient(Options(broker, host)).Keep("a").ConnectedAsync();

        await client.PublishAsync("a", new string('x', 100_000));
        await client.ReceivedAsync(1);

        Assert.Empty(client.Complaints);
    }

    [Fact]
    public async Task Many_messages_go_through_tls()
    {
        await using var broker = await MosquittoBroker.StartAsync(new() { Tls = _authority.Issue("127.0.0.1"), Lines = ["max_queued_messages 0"] });
        await using var client = await new TestClient(Options(broker)).Keep("a").ConnectedAsync();

        await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => client.PublishAsync("a", $"{i}")));
        await client.ReceivedAsync(2000);

        Assert.Equal(Enumerable.Range(0, 2000).Select(i => $"{i}"), client.Texts);
        Assert.Single(client.Sessions);
    }

    [Fact]
    public async Task M4_An_unknown_authority_is_named()
    {
        using var other = new TestAuthority("Somebody else");
        await using var broker = await MosquittoBroker.StartAsync(new() { Tls = other.Issue("127.0.0.1") });

        Assert.Matches("issued by CN=Somebody else, which is not among the trusted authorities in .*ca.pem", await ProblemAsync(Options(broker)));
        Assert.Contains("on this system; set a CA file", await ProblemAsync(Options(broker) with { CaFile = null }));
    }

    [Fact]
    public async Task M4_A_certificate_for_another_host_is_refused_with_both_names()
    {
        await using var broker = await MosquittoBroker.StartAsync(new() { Tls = _authority.Issue("broker.example") });

        Assert.Equal(
            "The broker's certificate is for CN=broker.example, not for 127.0.0.1: use the name it was issued for.", await ProblemAsync(Options(broker)));
    }

    [Fact]
    public async Task A_certificate_that_is_not_valid_yet_points_to_the_clock()
    {
        var from = DateTimeOffset.UtcNow.AddDays(3);
        await using var broker = await MosquittoBroker.StartAsync(new() { Tls = _authority.Issue("127.0.0.1", from, from.AddDays(1)) });

        var problem = await ProblemAsync(Options(broker));

        Assert.StartsWith($"The broker's certificate is valid only from {from:yyyy-MM-dd}", problem);
        Assert.Contains($"but the clock says {DateTimeOffset.UtcNow:yyyy-MM-dd}", problem);
        Assert.EndsWith("set the time, or wait for NTP.", problem);
    }

    [Fact]
    public async Task A_certificate_that_has_expired_is_told_with_its_day()
    {
        var to = DateTimeOffset.UtcNow.AddDays(-3);
        await using var broker = await MosquittoBroker.StartAsync(new() { Tls = _authority.Issue("127.0.0.1", to.AddDays(-1), to) });

        Assert.StartsWith($"The broker's certificate expired on {to:yyyy-MM-dd}", await ProblemAsync(Options(broker)));
    }

    [Fact]
    public async Task A_broker_that_wants_a_client_certificate_says_so_and_takes_a_good_one()
    {
        await using var broker = await MosquittoBroker.StartAsync(new() { Tls = _authority.Issue("127.0.0.1"), ClientCa = _authority.File });
        Assert.Contains("wants a client certificate", await ProblemAsync(Options(broker)));

        using var other = new TestAuthority();
        var (badCertificate, badKey) = other.Issue("node");
        Assert.Contains(
            "does not take the client certificate", await ProblemAsync(Options(broker) with { CertificateFile = badCertificate, PrivateKeyFile = badKey }));

        var (certificate, key) = _authority.Issue("node", password: "secret");
        await using var client = await new TestClient(
            Options(broker) with { CertificateFile = certificate, PrivateKeyFile = key, PrivateKeyPassword = "secret" }).ConnectedAsync();
        Assert.Empty(client.Complaints);
        Assert.Contains(
            "A certificate file cannot be used", await ProblemAsync(Options(broker) with { CertificateFile = certificate, PrivateKeyFile = badKey }));
    }

    [Fact]
    public async Task A_port_without_tls_and_a_port_with_it_are_told_apart()
    {
        await using var plain = await MosquittoBroker.StartAsync();
        Assert.Contains("Is it a port for TLS?", await ProblemAsync(Options(plain)));

        await using var tls = await MosquittoBroker.StartAsync(new() { Tls = _authority.Issue("127.0.0.1") });
        Assert.Contains("wants TLS (mqtts://)", await ProblemAsync(TestClient.Options(new Uri($"mqtt://127.0.0.1:{tls.Port}"))));
    }

    private static async Task<string> ProblemAsync(MqttOptions options)
    {
        await using var client = new TestClient(options).Start();
        var problem = await client.ProblemAsync();
        Assert.NotEqual(LinkState.Connected, client.Connection.Link.State);
        return problem;
    }

    private MqttOptions Options(MosquittoBroker broker, string host = "127.0.0.1") =>
        TestClient.Options(new Uri($"mqtts://{host}:{broker.Port}")) with { CaFile = _authority.File };
}
