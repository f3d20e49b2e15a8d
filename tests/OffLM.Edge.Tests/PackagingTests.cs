using OffLM.Edge.Signing;
using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Tests.Harness;
using OffLM.Mqtt;

namespace OffLM.Edge.Tests;

/// <summary>What is installed beside the program fits it.</summary>
public sealed class PackagingTests
{
    [Fact]
    public void The_service_brings_each_credential_that_the_node_looks_for_and_lets_it_reach_a_card()
    {
        var unit = File.ReadAllText(Packaged("offlm-edge.service"));
        foreach (var credential in (string[])[CardPinSources.CredentialName, KeyPassword.CredentialName, BrokerPassword.CredentialName])
        {
            Assert.Contains($"LoadCredential={credential}\n", unit, StringComparison.Ordinal);
        }

        Assert.Contains("DeviceAllow=char-usb_device rw", unit, StringComparison.Ordinal);
        Assert.Contains("AF_NETLINK", unit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Systemd_finds_nothing_unknown_in_the_service()
    {
        // The program isn't where the unit has it on this machine; that is all that may be wrong.
        var result = await Command.RunAsync("systemd-analyze", ["verify", Packaged("offlm-edge.service")]);
        Assert.DoesNotContain("Unknown", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Failed to parse", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_udev_rule_that_errors_name_is_the_one_that_is_there() => Assert.True(File.Exists(Packaged("70-offlm-card.rules")));

    private static string Packaged(string file) => Path.Combine(PublishedProgram.Repository, "packaging", file);
}
