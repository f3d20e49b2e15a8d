using System.Text;
using OffLM.Edge.Board.Fan;

namespace OffLM.Edge.Configuration;

/// <summary>What a setting's value looks like, for the schema.</summary>
internal enum SettingKind
{
    Text,
    TextList,
    Boolean,
    Integer,
    Duration,
    Amount,
}

/// <summary>One setting: where it stands, what it means, and how a value is taken over.</summary>
/// <param name="Path">Section and name, for example <c>lan.listen</c>.</param>
/// <param name="Kind">What its value looks like.</param>
/// <param name="Description">For people, with unit and default.</param>
/// <param name="Apply">Takes a value over; throws <see cref="FormatException"/> with what it expected.</param>
internal sealed record Setting(string Path, SettingKind Kind, string Description, Action<EdgeSettings, SettingValue> Apply)
{
    /// <summary>For example <c>OFFLM_LAN_TRUST_LOOPBACK</c>.</summary>
    public string EnvironmentVariable { get; } = NameInEnvironment(Path);

    private static string NameInEnvironment(string path)
    {
        var name = new StringBuilder("OFFLM_");
        foreach (var character in path)
        {
            name.Append(character == '.' || char.IsAsciiLetterUpper(character) ? "_" : "")
                .Append(character == '.' ? "" : char.ToUpperInvariant(character).ToString());
        }

        return name.ToString();
    }
}

/// <summary>Every setting there is. Files, environment, options, the schema and the documentation all follow this list.</summary>
internal static class SettingTable
{
    public static readonly IReadOnlyList<Setting> All =
    [
        new("lan.listen", SettingKind.TextList, "Addresses and ports to listen on. Default 127.0.0.1:11434; 0.0.0.0:11434 serves the whole LAN, to callers with an API key.",
            (s, v) => s.Lan = s.Lan with { Listen = v.EndPoints() }),
        new("lan.trustLoopback", SettingKind.Boolean, "Whether programs on this machine need no API key. Default true; set it to false behind a proxy.",
            (s, v) => s.Lan = s.Lan with { TrustLoopback = v.Boolean() }),
        new("lan.open", SettingKind.TextList, "Networks whose callers need no API key, for example 192.168.1.0/24. Default none.",
            (s, v) => s.Lan = s.Lan with { Open = v.Networks() }),
        new("lan.hosts", SettingKind.TextList, "Host names, beside addresses and this machine's own, that callers without a key may use. Default none.",
            (s, v) => s.Lan = s.Lan with { Hosts = v.Items }),
        new("lan.origins", SettingKind.TextList, "Web origins whose pages may call the node, for example https://chat.example. Default none.",
            (s, v) => s.Lan = s.Lan with { Origins = v.Items }),
        new("lan.maxBodyBytes", SettingKind.Integer, "Largest request body in bytes. Default 4194304.",
            (s, v) => s.Lan = s.Lan with { MaxBodyBytes = v.Integer(1024, 1 << 30) }),

        new("inference.models", SettingKind.Text, "Folder of model folders. Default models/ in the state directory.",
            (s, v) => s.ModelsDirectory = v.Text),
        new("inference.source", SettingKind.Text, "Server that models are pulled from, with Hugging Face's layout. Default none.",
            (s, v) => s.Lan = s.Lan with { ModelSource = v.HttpUrl() }),
        new("inference.libraries", SettingKind.Text, "Folder of the ONNX Runtime and GenAI libraries. Default the program's own folder.",
            (s, v) => s.Libraries = v.Text),
        new("inference.maxLoaded", SettingKind.Integer, "Models in memory at once. Default 1.",
            (s, v) => s.Models = s.Models with { MaxLoaded = v.Integer(1, 64) }),
        new("inference.maxAdapters", SettingKind.Integer, "Adapters in memory beside each model. Default 8.",
            (s, v) => s.Models = s.Models with { MaxAdapters = v.Integer(1, 4096) }),
        new("inference.keepAlive", SettingKind.Duration, "How long a model stays in memory after its last use. Default 5m.",
            (s, v) => s.Models = s.Models with { KeepAlive = v.Duration() }),
        new("inference.engine", SettingKind.Text,
            "What computes the models: direct (our own decode loop, all answers in one step), genai (ONNX Runtime GenAI, one answer after the other), or auto. Default auto: direct, and genai for models that it does not know.",
            (s, v) => s.Models = s.Models with { Engine = v.Engine() }),
        new("inference.providers", SettingKind.TextList,
            "What computes, the most wanted first: TensorRT, CUDA, CPU. One that can't be had is passed over, and doctor and status say why. Default: the board's order.",
            (s, v) => s.Providers = v.Providers()),
        new("inference.threads", SettingKind.Integer, "Threads that one step computes with; 0 lets the engine choose. Default 0.",
            (s, v) => s.Models = s.Models with { Threads = v.Integer(0, 1024) }),
        new("inference.hugePages", SettingKind.Boolean,
            "Models in memory are moved onto the processor's large pages, with which a CPU computes some percent faster; they take no more memory. Default true.",
            (s, v) => s.Models = s.Models with { HugePages = v.Boolean() }),
        new("inference.maxActive", SettingKind.Integer, "Answers generated at the same time. Default 4.",
            (s, v) => s.Scheduler = s.Scheduler with { MaxActive = v.Integer(1, 256) }),
        new("inference.maxWaiting", SettingKind.Integer, "Requests that wait for their turn; one more is refused with 503. Default 64.",
            (s, v) => s.Scheduler = s.Scheduler with { MaxWaiting = v.Integer(0, 100_000) }),
        new("inference.sharePrefixes", SettingKind.Boolean,
            "Callers may profit from what was computed for others' prompts with the same beginning. Default false, as how soon an answer comes would tell of them.",
            (s, v) => s.Scheduler = s.Scheduler with { SharePrefixes = v.Boolean() }),
        new("inference.guesses", SettingKind.Integer,
            "Tokens that are guessed from earlier text and checked in one step, where that is faster; 0 for none. Answers stay the same. Default 8.",
            (s, v) => s.Scheduler = s.Scheduler with { Guesses = v.Integer(0, 8) }),
        new("inference.shutdownGrace", SettingKind.Duration, "How long running answers may go on when the node is told to stop. Default 10s.",
            (s, v) => s.ShutdownGrace = v.Duration()),

        new("metering.tariff.input", SettingKind.Amount, "Price of 1000 prompt tokens. Default 0.", (s, v) => s.Tariff = s.Tariff with { Input = v.Atto() }),
        new("metering.tariff.cachedInput", SettingKind.Amount, "Price of 1000 prompt tokens reused from an earlier turn. Default 0.",
            (s, v) => s.Tariff = s.Tariff with { CachedInput = v.Atto() }),
        new("metering.tariff.output", SettingKind.Amount, "Price of 1000 completion tokens. Default 0.", (s, v) => s.Tariff = s.Tariff with { Output = v.Atto() }),
        new("metering.tariff.flat", SettingKind.Amount, "Platform fee of an answer. Default 0.", (s, v) => s.Tariff = s.Tariff with { Flat = v.Atto() }),
        new("metering.tariff.percent", SettingKind.Integer, "Platform fee in basis points (1/10000) of the tokens' price. Default 0.",
            (s, v) => s.Tariff = s.Tariff with { Percent = v.BasisPoints() }),
        new("metering.tariff.provider", SettingKind.Integer, "The provider's share in basis points; the four shares add up to 10000. Default 10000.",
            (s, v) => s.Tariff = s.Tariff with { Provider = v.BasisPoints() }),
        new("metering.tariff.model", SettingKind.Integer, "The model owner's share in basis points. Default 0.", (s, v) => s.Tariff = s.Tariff with { Model = v.BasisPoints() }),
        new("metering.tariff.stakers", SettingKind.Integer, "The stakers' share in basis points. Default 0.", (s, v) => s.Tariff = s.Tariff with { Stakers = v.BasisPoints() }),
        new("metering.tariff.contributors", SettingKind.Integer, "The data contributors' share in basis points. Default 0.",
            (s, v) => s.Tariff = s.Tariff with { Contributors = v.BasisPoints() }),
        new("metering.tariff.version", SettingKind.Integer, "A number that rises with every change of prices. Default 0.",
            (s, v) => s.Tariff = s.Tariff with { Version = v.Unsigned() }),
        new("metering.tariff.validFrom", SettingKind.Integer, "Unix milliseconds, for people. Default 0.", (s, v) => s.Tariff = s.Tariff with { ValidFrom = v.Unsigned() }),
        new("metering.schedule", SettingKind.Text, "Who gets the platform fee: depin-60-15-15-10 or burn-and-mint-50. Default none.", (s, v) => s.Schedule = v.Schedule()),
        new("metering.batchInterval", SettingKind.Duration, "A batch of receipts is signed this long after its first. Default 60s.", (s, v) => s.BatchInterval = v.Duration()),
        new("metering.retention", SettingKind.Duration, "How long receipts keep their contents after settlement, or after signing for own use. Default 90d.",
            (s, v) => s.Retention = v.Duration()),
        new("metering.minimumFreeMebibytes", SettingKind.Integer, "Free MiB on the ledger's disk below which no request is taken. Default 64.",
            (s, v) => s.MinimumFreeMebibytes = v.Integer(1, 1 << 20)),

        new("network.broker", SettingKind.Text, "The MQTT broker that receipts are sent through: mqtt://HOST[:1883] or, encrypted, mqtts://HOST[:8883]. Default none: nothing is sent.",
            (s, v) => s.Network = s.Network with { Broker = v.BrokerUrl() }),
        new("network.fleet", SettingKind.Text, "The fleet that the node belongs to: 1 to 64 lower-case letters, digits, '-', '_' and '.'. Default default.",
            (s, v) => s.Network = s.Network with { Fleet = v.Fleet() }),
        new("network.collectors", SettingKind.TextList, "Addresses of the collectors whose signed verdicts settle receipts. Default none: then nothing settles.",
            (s, v) => s.Network = s.Network with { Collectors = v.Addresses() }),
        new("network.ownUse", SettingKind.Text, "What leaves the box of the household's own use: leaf, hashes only, or full. Default leaf.",
            (s, v) => s.Network = s.Network with { OwnUse = v.OwnUse() }),
        new("network.user", SettingKind.Text, "The broker's user. Default none.", (s, v) => s.Network = s.Network with { User = v.Text }),
        new("network.passwordFile", SettingKind.Text, "A file, mode 0600, that holds the user's password. Default none.", (s, v) => s.Network = s.Network with { PasswordFile = v.Text }),
        new("network.ca", SettingKind.Text, "A PEM file of the certificates that the broker's must come from. Default the system's.",
            (s, v) => s.Network = s.Network with { CaFile = v.Text }),
        new("network.certificate", SettingKind.Text, "A PEM file of the node's own certificate, for brokers that ask for one. Default none.",
            (s, v) => s.Network = s.Network with { CertificateFile = v.Text }),
        new("network.privateKey", SettingKind.Text, "A PEM file of that certificate's key. Default the certificate's own file.", (s, v) => s.Network = s.Network with { PrivateKeyFile = v.Text }),
        new("network.clientId", SettingKind.Text, "The MQTT client id. Default the node's address.", (s, v) => s.Network = s.Network with { ClientId = v.ClientId() }),
        new("network.sessionExpiry", SettingKind.Duration, "How long the broker keeps what comes for the node while it is away. Default 7d.",
            (s, v) => s.Network = s.Network with { SessionExpiry = v.Duration(TimeSpan.Zero, TimeSpan.FromDays(36500)) }),
        new("network.keepAlive", SettingKind.Duration, "How often a silent link is proven. Default 30s.",
            (s, v) => s.Network = s.Network with { KeepAlive = v.Duration(TimeSpan.FromSeconds(5), TimeSpan.FromHours(18)) }),
        new("network.telemetryInterval", SettingKind.Duration, "How often totals are told. Default 60s.",
            (s, v) => s.Network = s.Network with { TelemetryInterval = v.Duration(TimeSpan.FromSeconds(10), TimeSpan.FromDays(1)) }),
        new("network.chainId", SettingKind.Integer, "EIP-155 chain id that receipts are signed for. Default 11155111, a test network.", (s, v) => s.ChainId = v.Unsigned()),
        new("network.contract", SettingKind.Text, "Address of the contract that settles. Default 0x00000000000000000000000000000000000ff1ed, which marks a test network.",
            (s, v) => s.Contract = v.Address()),

        new("key.uri", SettingKind.Text, "The node's key: file:PATH, or a smart card: card: for the only one, card:SERIAL for a certain one. Default the file keys/node.json in the state directory, made at the first start.", (s, v) => s.Key = v.KeyUri()),

        new("board.name", SettingKind.Text, "The board to take this machine for, or the path of a board file. Default: found from the device tree or DMI.",
            (s, v) => s.Board = s.Board with { Name = v.BoardName() }),
        new("board.sysfs", SettingKind.Text, "The root under which /sys, /proc and /etc are read for the board. Default /.",
            (s, v) => s.Board = s.Board with { Sysfs = v.Folder() }),
        new("board.limit", SettingKind.Integer, "Temperature in degrees Celsius that no part of the board may exceed. Default: each part's own limit.",
            (s, v) => s.Board = s.Board with { Limit = v.Integer(40, 110) }),
        new("board.fan", SettingKind.Text, "What matters more, silence or cold: quiet, balanced, cool; off leaves the fan to the system. Default: balanced on boards whose fan is known, else off.",
            (s, v) => s.Board = s.Board with { Fan = v.OneOf(FanProfile.Names) }),
        new("board.quietHours", SettingKind.Text, "When the box must barely be heard, whatever that costs in speed, for example 22:00-07:00. Default never.",
            (s, v) => s.Board = s.Board with { QuietHours = v.QuietHours() }),
        new("board.watts", SettingKind.Integer, "Watts that the whole board may draw on average over ten seconds; answers come slower for it. Default no limit.",
            (s, v) => s.Board = s.Board with { Watts = v.Integer(1, 10_000) }),
        new("board.powerMode", SettingKind.Text, "The power mode of a Jetson to set at the start, by name, for example 15W. Default: left as it is.",
            (s, v) => s.Board = s.Board with { PowerMode = v.Text }),
        new("board.electricityPrice", SettingKind.TextList, "What a kilowatt-hour costs: one number, or 24 from midnight on. Default unknown.",
            (s, v) => s.Board = s.Board with { Price = v.Price() }),
        new("board.currency", SettingKind.Text, "What board.electricityPrice is in, for people. Default EUR.",
            (s, v) => s.Board = s.Board with { Currency = v.Text }),
    ];

    /// <summary>The setting at a path; null if there is none.</summary>
    public static Setting? Find(string path) => All.FirstOrDefault(s => s.Path == path);

    /// <summary>The settings whose path begins with this section.</summary>
    public static bool IsSection(string path) => All.Any(s => s.Path.StartsWith(path + ".", StringComparison.Ordinal));
}
