using OffLM.Edge.Configuration;
using OffLM.Edge.Network;

namespace OffLM.Edge.Tests.Configuration;

public sealed class NetworkSettingsTests
{
    private const string Collector = "0x47712FB7BB077D6E4B033AB9Bc8Ecb40c47cc924";

    [Fact]
    public void A_node_that_was_told_nothing_keeps_to_itself()
    {
        var network = new EdgeSettings().Network;

        Assert.Null(network.Broker);
        Assert.Equal(("default", OwnUse.Leaf, TimeSpan.FromDays(7)), (network.Fleet, network.OwnUse, network.SessionExpiry));
        Assert.Empty(network.Collectors);
    }

    [Fact]
    public void Everything_about_the_network_can_be_set()
    {
        var (settings, problems) = Load(
            ("network.broker", "mqtts://broker.example:8884"), ("network.fleet", "attic-1"), ("network.collectors", Collector), ("network.ownUse", "full"),
            ("network.user", "box"), ("network.passwordFile", "/run/secret"), ("network.ca", "ca.pem"), ("network.certificate", "me.pem"), ("network.privateKey", "me.key"),
            ("network.clientId", "box-1"), ("network.sessionExpiry", "2d"), ("network.keepAlive", "60s"), ("network.telemetryInterval", "5m"));

        Assert.Empty(problems);
        Assert.Equivalent(
            new NetworkOptions
            {
                Broker = new Uri("mqtts://broker.example:8884"),
                Fleet = "attic-1",
                Collectors = [Signing.Address.Parse(Collector)],
                OwnUse = OwnUse.Full,
                User = "box",
                PasswordFile = "/run/secret",
                CaFile = "ca.pem",
                CertificateFile = "me.pem",
                PrivateKeyFile = "me.key",
                ClientId = "box-1",
                SessionExpiry = TimeSpan.FromDays(2),
                KeepAlive = TimeSpan.FromSeconds(60),
                TelemetryInterval = TimeSpan.FromMinutes(5),
            },
            settings.Network);
    }

    [Theory]
    [InlineData("network.broker", "broker.example", "expected mqtt://HOST[:PORT] or mqtts://HOST[:PORT]")]
    [InlineData("network.broker", "http://broker.example", "expected mqtt://HOST")]
    [InlineData("network.broker", "mqtt://", "expected mqtt://HOST")]
    [InlineData("network.broker", "mqtt://me:secret@broker.example", "set network.user and network.passwordFile")]
    [InlineData("network.broker", "mqtt://broker.example/topic", "nothing behind the host and port")]
    [InlineData("network.fleet", "My Fleet", "expected 1 to 64 lower-case letters")]
    [InlineData("network.collectors", "0x1234", "expected addresses, 0x and 40 hexadecimal digits each, all in one case or with a correct EIP-55 checksum; got '0x1234'")]
    [InlineData("network.collectors", "0x47712fB7BB077D6E4B033AB9Bc8Ecb40c47cc924", "checksum")]
    [InlineData("network.ownUse", "some", "expected leaf or full")]
    [InlineData("network.clientId", "", "expected 1 to 256 characters")]
    [InlineData("network.keepAlive", "1s", "expected a duration from 5 s to 64800 s")]
    [InlineData("network.telemetryInterval", "1s", "expected a duration from 10 s to 86400 s")]
    [InlineData("network.sessionExpiry", "for ever", "expected a duration")]
    public void What_cannot_be_is_refused_with_what_was_expected(string path, string value, string expected)
    {
        var problem = Assert.Single(Load((path, value)).Problems);

        Assert.StartsWith(path, problem.Message);
        Assert.Contains(expected, problem.Message);
        Assert.DoesNotContain("secret@", problem.Message);
    }

    [Theory]
    [InlineData("need an encrypted link", "network.broker", "mqtt://b", "network.ca", "ca.pem")]
    [InlineData("the key of network.certificate", "network.broker", "mqtts://b", "network.privateKey", "me.key")]
    [InlineData("the password of network.user", "network.broker", "mqtts://b", "network.passwordFile", "secret")]
    public void Settings_that_do_not_go_together_are_named(string expected, string path, string value, string otherPath, string otherValue) =>
        Assert.Contains(expected, Assert.Single(Load((path, value), (otherPath, otherValue)).Problems).Message);

    private static (EdgeSettings Settings, IReadOnlyList<ConfigurationProblem> Problems) Load(params (string Path, string Value)[] options)
    {
        var empty = Path.GetTempFileName();
        try
        {
            File.WriteAllText(empty, "{}");
            return Configurator.Load(empty, options.ToDictionary(o => o.Path, o => o.Value));
        }
        finally
        {
            File.Delete(empty);
        }
    }
}
