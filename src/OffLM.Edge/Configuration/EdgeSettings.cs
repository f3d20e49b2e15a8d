using System.Net;
using OffLM.Edge.Board;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Network;
using OffLM.Edge.Signing;
using OffLM.Edge.Work.Running;

namespace OffLM.Edge.Configuration;

/// <summary>All settings with their defaults. What each means is in <see cref="SettingTable"/>.</summary>
internal sealed class EdgeSettings
{
    public LanOptions Lan { get; set; } = new();

    public ModelHostOptions Models { get; set; } = new();

    public SchedulerOptions Scheduler { get; set; } = new();

    public string? ModelsDirectory { get; set; }

    public string? Libraries { get; set; }

    public IReadOnlyList<string>? Providers { get; set; }

    public TimeSpan ShutdownGrace { get; set; } = TimeSpan.FromSeconds(10);

    public Tariff Tariff { get; set; } = Tariff.Free;

    public Schedule? Schedule { get; set; }

    public TimeSpan BatchInterval { get; set; } = TimeSpan.FromSeconds(60);

    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(90);

    public int MinimumFreeMebibytes { get; set; } = 64;

    public ulong ChainId { get; set; } = TypedDomain.TestNetwork.ChainId;

    public Address Contract { get; set; } = TypedDomain.TestContract;

    public NetworkOptions Network { get; set; } = new();

    public KeyUri? Key { get; set; }

    public BoardOptions Board { get; set; } = new();

    /// <summary>The tariff with its schedule's hash filled in.</summary>
    public Tariff EffectiveTariff => Schedule is null
        ? Tariff
        : Tariff with { Schedule = Signing.TypedStructs.TypedStruct.Hash(Schedule) };

    /// <summary>What the node is started with.</summary>
    public NodeOptions NodeOptions(string stateDirectory) => new()
    {
        StateDirectory = stateDirectory,
        ModelsDirectory = ModelsDirectory ?? Path.Combine(stateDirectory, "models"),
        Version = ProgramVersion.Text,
        Key = KeyUriIn(stateDirectory),
        Domain = TypedDomain.Receipts(ChainId, Contract),
        Tariff = EffectiveTariff,
        Schedule = Schedule,
        BatchInterval = BatchInterval,
        Retention = Retention,
        MinimumFreeBytes = (long)MinimumFreeMebibytes << 20,
        ShutdownGrace = ShutdownGrace,
        Board = Board,
        Providers = Providers,
        Models = Models with { Scheduler = Scheduler },
    };

    /// <summary>The key's name; by default a file in the state directory.</summary>
    public KeyUri KeyUriIn(string stateDirectory) => Key ?? new KeyUri(KeyClass.KeyFile, Path.Combine(stateDirectory, "keys", "node.json"));

    /// <summary>True if somebody beside this machine could reach the node.</summary>
    public bool ListensBeyondLoopback => Lan.Listen.Any(endpoint => !IPAddress.IsLoopback(endpoint.Address));
}
