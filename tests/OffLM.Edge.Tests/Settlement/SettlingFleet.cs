using System.Text.Json;
using OffLM.Edge.Metering;
using OffLM.Edge.Tests.Crash;
using OffLM.Edge.Tests.Harness;
using OffLM.Shared;
using OffLM.Shared.Mqtt;

namespace OffLM.Edge.Tests.Settlement;

/// <summary>A broker, a collector and a node with a paying guest. The node's link to the broker is a proxy, at the test's mercy.</summary>
internal sealed class SettlingFleet : IAsyncDisposable
{
    private const string Payer = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

    /// <summary>A batch whose verdict was lost is sent again after a minute, then after two.</summary>
    private static readonly TimeSpan SettleDeadline = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>How long a node may be away from a broker that is there: a loss noticed by the keep alive, the longest pause, an attempt and its diagnosis, twice.</summary>
    private static readonly TimeSpan LongestAway = TimeSpan.FromSeconds(15 + (2 * (60 + 20)));

    /// <summary>Primes, so that roundings occur.</summary>
    private static readonly CrashPrices Prices = new(1_000_003, 100_003, 3_000_017, 70_001, 333);

    private readonly Scratch _scratch = new();
    private readonly List<PublishedCollector> _collectors = [];
    private readonly int _port = FreePort.Next();
    private PublishedNode? _node;
    private string _guest = "";

    private SettlingFleet(MosquittoBroker broker)
    {
        Broker = broker;
        Link = FaultyProxy.Start(broker.Port);
        Collecting = new CollectorSetup(_scratch["collector"], broker.Uri);
    }

    public MosquittoBroker Broker { get; }

    /// <summary>What lies between node and broker.</summary>
    public FaultyProxy Link { get; }

    /// <summary>How collectors are started.</summary>
    public CollectorSetup Collecting { get; set; }

    /// <summary>The collector that was started last.</summary>
    public PublishedCollector Collector => _collectors[^1];

    public PublishedNode Node => _node ?? throw new InvalidOperationException("No node was started.");

    /// <summary>Settings of the node, from its next start on.</summary>
    public Dictionary<string, string> Settings { get; } = new(Prices.Environment)
    {
        ["OFFLM_METERING_BATCH_INTERVAL"] = "300ms",
        ["OFFLM_NETWORK_KEEP_ALIVE"] = "5s",
    };

    /// <summary>The node's state directory.</summary>
    public string State => _scratch["state"];

    /// <summary>A path that goes with the test.</summary>
    public string this[string name] => _scratch[name];

    public string Ledger => Path.Combine(State, "ledger.db");

    /// <summary>A broker, a collector and a node that are all well.</summary>
    public static async Task<SettlingFleet> StartAsync(MosquittoOptions? broker = null)
    {
        var fleet = await PrepareAsync(broker);
        try
        {
            await fleet.StartCollectorAsync();
            await fleet.StartNodeAsync();
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>A broker, and all that is needed to start the others.</summary>
    public static async Task<SettlingFleet> PrepareAsync(MosquittoOptions? options = null)
    {
        var fleet = new SettlingFleet(await MosquittoBroker.StartAsync(options));
        fleet._guest = (await Command.EdgeAsync(fleet.State, "apikey", "add", "payer", "--payer", Payer)).Succeeded().Output.Trim();
        fleet.Settings["OFFLM_NETWORK_COLLECTORS"] = await PublishedCollector.AddressAsync(fleet.Collecting);
        return fleet;
    }

    public async Task<PublishedCollector> StartCollectorAsync()
    {
        _collectors.Add(await PublishedCollector.StartAsync(Collecting));
        return Collector;
    }

    /// <summary>Kills the collector that was started last, after a while, and starts the next.</summary>
    public async Task StartCollectorAfterKillAsync(TimeSpan after)
    {
        await Task.Delay(after);
        await Collector.Kill9Async();
        await StartCollectorAsync();
    }

    /// <summary>Starts the node, again where it was stopped.</summary>
    /// <param name="wrapper">A program that runs it.</param>
    public async Task StartNodeAsync(params string[] wrapper)
    {
        if (_node is not null)
        {
            await _node.DisposeAsync();
        }

        _node = await PublishedNode.StartAsync(new NodeSetup
        {
            State = State,
            Port = _port,
            Options = ["--mqtt", Link.Uri.ToString()],
            Environment = Settings,
            Wrapper = wrapper,
        });
    }

    public async Task StopNodeAsync() => Assert.Equal(0, await Node.StopAsync());

    /// <summary>The guest asks so many questions, one after the other, and each is answered.</summary>
    public async Task AskAsync(int times)
    {
        using var guest = Node.NewClient(_guest);
        for (var i = 0; i < times; i++)
        {
            await guest.AskAsync();
        }
    }

    /// <summary>How the node stands with its network; right after a start not before it begins to connect.</summary>
    public async Task<JsonElement> SyncAsync()
    {
        JsonElement sync = default;
        await HoldsAsync(async () => (await Node.StatusAsync()).TryGetProperty("sync", out sync), "The node does not connect.");
        return sync;
    }

    /// <summary>How often the node's link came up since its start.</summary>
    public async Task<long> ConnectionsAsync() => (await SyncAsync()).GetProperty("counts").GetProperty("connections").GetInt64();

    /// <summary>Until the node has a link again, in the time that the contract gives it where one attempt may be cut too.</summary>
    /// <param name="after">How often it had come up before.</param>
    public Task BackAsync(long after) => HoldsAsync(
        LongestAway,
        async () => await SyncAsync() is var sync && sync.GetProperty("counts").GetProperty("connections").GetInt64() > after
            && sync.GetProperty("link").GetProperty("state").GetString() == "connected",
        "The node doesn't come back.");

    /// <summary>How many verdicts of a kind the node did not take.</summary>
    public async Task<long> RejectedAsync(string kind) =>
        (await SyncAsync()).GetProperty("rejectedVerdicts").TryGetProperty(kind, out var count) ? count.GetInt64() : 0;

    /// <summary>What the node has waiting.</summary>
    public OutboxSummary Outbox()
    {
        using var reader = LedgerReader.Open(Ledger);
        return reader.Outbox();
    }

    /// <summary>Until something holds.</summary>
    public Task HoldsAsync(Func<Task<bool>> condition, string otherwise) => HoldsAsync(Patience, condition, otherwise);

    /// <summary>Until the node's status says this among its problems.</summary>
    public Task ProblemAsync(string text) =>
        HoldsAsync(async () => (await Node.ProblemsAsync()).Contains(text, StringComparison.Ordinal), $"The node's status doesn't say '{text}'.");

    /// <summary>Until the node's status names no problem.</summary>
    public Task WellAsync() => HoldsAsync(async () => (await Node.ProblemsAsync()).Length == 0, "The node's status still names a problem.");

    /// <summary>Until the node has signed everything.</summary>
    public Task SignedAsync() => HoldsAsync(() => Task.FromResult(LedgerFile.Summary(State).Open == 0), "Not all is signed.");

    /// <summary>Until everything has its verdict.</summary>
    public Task ClosedAsync() => HoldsAsync(SettleDeadline, () => Task.FromResult(Books.AreClosed(Ledger)), "Not all is settled.");

    /// <summary>Until everything is settled; then no receipt may be missing or there twice, and nothing may be wrong any more.</summary>
    /// <returns>What was settled.</returns>
    public async Task<LedgerTotals> SettledExactlyOnceAsync()
    {
        await ClosedAsync();
        await WellAsync();
        var totals = Books.Settled(Ledger);
        await Books.CheckAsync(Collecting, totals);
        return totals;
    }

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
        {
            await _node.DisposeAsync();
        }

        foreach (var collector in _collectors)
        {
            await collector.DisposeAsync();
        }

        await Link.DisposeAsync();
        await Broker.DisposeAsync();
        _scratch.Dispose();
    }

    private async Task HoldsAsync(TimeSpan deadline, Func<Task<bool>> condition, string otherwise)
    {
        try
        {
            await Until.TrueAsync(deadline, condition, () => otherwise);
        }
        catch (TimeoutException e)
        {
            var status = Node.HasExited ? "" : (await Node.StatusAsync()).ToString();
            throw new TimeoutException($"{e.Message}\n{status}\nThe node:\n{Tail(Node.Log)}\nThe collector:\n{(_collectors.Count > 0 ? Tail(Collector.Log) : "")}", e);
        }
    }

    private static string Tail(string log) => log.Length <= 4000 ? log : log[^4000..];
}
