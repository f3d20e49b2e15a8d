using OffLM.Mqtt.Publishing;

namespace OffLM.Mqtt;

/// <summary>Where and how to connect. <see cref="Problem"/> says what does not fit.</summary>
public sealed record MqttOptions
{
    internal const string PlainScheme = "mqtt";
    internal const string TlsScheme = "mqtts";

    private const int PlainPort = 1883;
    private const int TlsPort = 8883;

    /// <summary><c>mqtt://host[:1883]</c>, or with TLS <c>mqtts://host[:8883]</c>.</summary>
    public required Uri Broker { get; init; }

    /// <summary>Names the session at the broker: 1 to 65,535 bytes; no two clients may have the same.</summary>
    public required string ClientId { get; init; }

    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>PEM file with the authorities that may have signed the broker's certificate; null: the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>PEM file with this client's certificate and those up to its authority; null: none.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file with the certificate's key; null: it is in <see cref="CertificateFile"/>.</summary>
    public string? PrivateKeyFile { get; init; }

    public string? PrivateKeyPassword { get; init; }

    /// <summary>The longest silence before a ping; the broker may ask for less. A dead link is noticed within about twice this.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the broker keeps subscriptions and messages for this client while it is away; zero: not at all.</summary>
    public TimeSpan SessionExpiry { get; init; } = TimeSpan.FromDays(7);

    /// <summary>The first connect drops what the broker still has for this client.</summary>
    public bool CleanStart { get; init; }

    /// <summary>What the broker publishes when this client is gone without saying so.</summary>
    public MqttMessage? Will { get; init; }

    /// <summary>How long the broker waits with the will; coming back within that cancels it.</summary>
    public TimeSpan WillDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// For one attempt, from the name's resolution to CONNACK. Not below 3 s where it shall succeed: the library looks at a new connection
    /// only when a wait of a second for others is over, up to twice (1.3.12).
    /// </summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The first wait after a failed attempt; it doubles up to <see cref="MaximumRetry"/>.</summary>
    public TimeSpan MinimumRetry { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan MaximumRetry { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How many at-least-once messages the broker may send before the first is acknowledged.</summary>
    public ushort ReceiveMaximum { get; init; } = 64;

    /// <summary>The largest packet the broker may send.</summary>
    public uint MaximumPacketBytes { get; init; } = 1 << 20;

    /// <summary>
    /// How much may wait for the handlers. From an eighth of it on, the broker is slowed down where that is possible; above it the
    /// connection is dropped, the broker keeps the rest, and it is made again when half is handled.
    /// </summary>
    public long MaximumQueuedBytes { get; init; } = 32 << 20;

    /// <summary>What is wrong with these options and what was expected; null when nothing is.</summary>
    public string? Problem() => this switch
    {
        { Broker: not { IsAbsoluteUri: true, Scheme: PlainScheme or TlsScheme, DnsSafeHost.Length: > 0 } } =>
            $"The broker's address is not of the form mqtt://host[:port] or mqtts://host[:port].",
        { Broker: { AbsolutePath: not ("/" or "") } or { Query.Length: > 0 } or { UserInfo.Length: > 0 } } =>
            "The broker's address may only have a host and a port; user and password are settings of their own.",
        { ClientId.Length: 0 or > 1024 } => "The client id must have 1 to 1024 characters.",
        { User: null, Password: not null } => "There is a password for the broker, but no user.",
        { Broker.Scheme: PlainScheme } when CaFile is not null || CertificateFile is not null || PrivateKeyFile is not null =>
            "Certificates only serve with TLS: the broker's address must begin with mqtts://.",
        { CertificateFile: null, PrivateKeyFile: not null } => "There is a private key for the broker, but no certificate.",
        { KeepAlive: var time } when time < TimeSpan.FromSeconds(1) || time > TimeSpan.FromSeconds(ushort.MaxValue) =>
            "The keep alive must be 1 to 65535 seconds.",
        { SessionExpiry: var time } when time < TimeSpan.Zero => "The session expiry must not be negative.",
        { WillDelay: var time } when time < TimeSpan.Zero => "The will delay must not be negative.",
        { ConnectTimeout: var time } when time <= TimeSpan.Zero => "The time for connecting must be above 0.",
        { MinimumRetry: var time } when time <= TimeSpan.Zero || time > MaximumRetry =>
            "The wait between attempts must be above 0, and its minimum not above its maximum.",
        { ReceiveMaximum: 0 } => "The receive maximum must be 1 to 65535.",
        { MaximumPacketBytes: < 1024 } => "The maximum packet size must be at least 1024 bytes.",
        _ when MaximumQueuedBytes < MaximumPacketBytes => "What may wait for the handlers must be at least the largest packet.",
        { Will: { } will } when PublishPacket.TopicProblem(will.Topic) is { } problem => $"The will cannot be published: {problem}",
        _ => MissingFile(CaFile) ?? MissingFile(CertificateFile) ?? MissingFile(PrivateKeyFile),
    };

    internal static int PortOf(Uri broker) => broker.Port > 0 ? broker.Port : broker.Scheme == TlsScheme ? TlsPort : PlainPort;

    private static string? MissingFile(string? file) =>
        file is null || File.Exists(file) ? null : $"The file {file} does not exist or cannot be read.";
}
