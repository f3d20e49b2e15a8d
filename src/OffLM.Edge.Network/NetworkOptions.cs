using OffLM.Edge.Signing;
using OffLM.Mqtt;

namespace OffLM.Edge.Network;

/// <summary>How the node takes part in a network.</summary>
public sealed record NetworkOptions
{
    /// <summary>The broker: mqtt://host[:port] or mqtts://host[:port]; null for a node that keeps to itself.</summary>
    public Uri? Broker { get; init; }

    /// <summary>The fleet's name in topics; see <see cref="Topics.IsFleet"/>.</summary>
    public string Fleet { get; init; } = Topics.DefaultFleet;

    /// <summary>Whose verdicts settle; without any, nothing settles.</summary>
    public IReadOnlyList<Address> Collectors { get; init; } = [];

    /// <summary>What leaves the box of the household's own use.</summary>
    public OwnUse OwnUse { get; init; } = OwnUse.Leaf;

    /// <summary>The broker's user; null for none.</summary>
    public string? User { get; init; }

    /// <summary>A file that holds the user's password; see <see cref="BrokerPassword"/>.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The certificates, PEM, that the broker's must come from; null for the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>This node's own certificate, PEM; null for none.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>The key of <see cref="CertificateFile"/>, PEM; null where it is in that file too.</summary>
    public string? PrivateKeyFile { get; init; }

    /// <summary>The MQTT client id; null for the node's address.</summary>
    public string? ClientId { get; init; }

    /// <summary>How long the broker keeps what comes for the node while it is away.</summary>
    public TimeSpan SessionExpiry { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How often a silent link is proven.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often totals are told.</summary>
    public TimeSpan TelemetryInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>True if the link is encrypted.</summary>
    public bool IsEncrypted => Broker?.Scheme == "mqtts";

    /// <summary>Null if the settings go together; else which don't, and why.</summary>
    public string? Problem() => this switch
    {
        { IsEncrypted: false, Broker: not null } when (CaFile ?? CertificateFile ?? PrivateKeyFile) is not null =>
            "network.ca, network.certificate and network.privateKey need an encrypted link: expected mqtts:// in network.broker.",
        { CertificateFile: null, PrivateKeyFile: not null } => "network.privateKey is the key of network.certificate, which is not set.",
        { User: null, PasswordFile: not null } => "network.passwordFile is the password of network.user, which is not set.",
        _ => null,
    };
}
