using Microsoft.Extensions.Logging.Abstractions;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;
using OffLM.Edge.Tests.Shared;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Running;
using OffLM.Edge.Work.Status;
using OffLM.Mqtt;

namespace OffLM.Edge.Network.Tests.Support;

/// <summary>A node without a model, in a folder of its own, whose ledger the tests fill, with its sync.</summary>
internal sealed class SyncedNode : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private NodeOptions _nodeOptions;
    private TimeProvider? _sending;

    private SyncedNode(DirectoryInfo folder, NodeOptions nodeOptions, NetworkOptions options, Node node)
    {
        (_folder, _nodeOptions, Options, Node) = (folder, nodeOptions, options, node);
    }

    public Node Node { get; private set; }

    public NetworkSync? Sync { get; private set; }

    public NetworkOptions Options { get; }

    public OutboxSummary Outbox => SampleLedger.Outbox(_nodeOptions.LedgerPath);

    public NetworkStatus Status => Node.Status().Sync!;

    public Address Address => Node.Key.Address ?? throw new InvalidOperationException("The key is locked.");

    public string KeyFile => _nodeOptions.Key.Location;

    public string LedgerPath => _nodeOptions.LedgerPath;

    /// <summary>The address before the last stop.</summary>
    public Address LastAddress { get; private set; }

    public Topics Topics => new(Options.Fleet, Address.ToLowerString());

    public static NetworkOptions With(Uri broker) => new() { Broker = broker, Collectors = [TestKeys.Collector.Address] };

    /// <summary>Starts a node with its sync.</summary>
    /// <param name="options">Its network.</param>
    /// <param name="configure">Changes the node.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="sync">False to leave the sync for later, with <see cref="StartSync"/>.</param>
    /// <param name="sending">The clock of the pauses before batches are sent again; null for the node's.</param>
    public static async Task<SyncedNode> StartAsync(
        NetworkOptions options, Func<NodeOptions, NodeOptions>? configure = null, TimeProvider? time = null, bool sync = true, TimeProvider? sending = null)
    {
        var folder = Directory.CreateTempSubdirectory("offlm-network-");
        var nodeOptions = new NodeOptions
        {
            StateDirectory = folder.FullName,
            ModelsDirectory = Path.Combine(folder.FullName, "models"),
            Version = "1.2.3-test",
            Key = KeyUri.Parse("file:" + Path.Combine(folder.FullName, "keys", "node.json")),
            BatchInterval = TimeSpan.FromHours(1),
            ShutdownGrace = TimeSpan.Zero,
            MinimumFreeBytes = 0,
        };
        nodeOptions = configure?.Invoke(nodeOptions) ?? nodeOptions;
        var node = new SyncedNode(folder, nodeOptions, options, Node.Open(nodeOptions, time ?? TimeProvider.System, NullLoggerFactory.Instance));
        await node.Node.StartAsync();
        if (nodeOptions.Key.Class == KeyClass.KeyFile)
        {
            await node.Node.Key.UnlockAsync();
        }

        if (sync)
        {
            node.StartSync(sending);
        }

        return node;
    }

    /// <summary>A clock that stands still: what has no verdict yet is not sent again, however slow the machine is.</summary>
    public static TimeProvider NeverAgain => new ManualTime();

    /// <summary>Starts the sync.</summary>
    /// <param name="sending">The clock of the pauses before batches are sent again; null for the last one's, at first the node's.</param>
    public void StartSync(TimeProvider? sending = null)
    {
        _sending = sending ?? _sending;
        Sync = NetworkSync.Start(Node, Options, _sending ?? Node.Clock.Time, NullLoggerFactory.Instance);
    }

    /// <summary>Signs batches of so many receipts each.</summary>
    public async Task FillAsync(int batches, int receiptsEach = 3, bool ownUse = false)
    {
        for (var i = 0; i < batches; i++)
        {
            await SampleLedger.AppendAsync(Node.Ledger, receiptsEach, ownUse);
            await Node.SealAsync(CancellationToken.None);
        }
    }

    /// <summary>Changes rows behind the ledger's back, as a failing disk would.</summary>
    public void Damage(string sql)
    {
        using var connection = SqliteConnection.Open(_nodeOptions.LedgerPath);
        connection.Execute(sql);
    }

    /// <summary>Until the link is up.</summary>
    public Task ConnectedAsync() => Eventually.HoldsAsync(() => Status.Link.IsConnected, () => Status.ToString());

    /// <summary>Until nothing is unsettled.</summary>
    public Task SettledAsync() => Eventually.HoldsAsync(() => Outbox.Unsettled == 0, () => $"{Outbox}; {Status.Link}; {string.Join(' ', Status.Problems)}");

    /// <summary>Stops everything, as a planned exit does, and starts it on the same state.</summary>
    /// <param name="replaceKey">True to start under another key.</param>
    public async Task RestartAsync(bool replaceKey = false)
    {
        await StopAsync();
        if (replaceKey)
        {
            _nodeOptions = _nodeOptions with { Key = KeyUri.Parse($"file:{Path.Combine(_folder.FullName, "keys", "other.json")}") };
            Signing.KeyFile.Create(_nodeOptions.Key.Location, KeyPassword.CreateBeside(_nodeOptions.Key.Location).Value).Dispose();
        }

        await StartAgainAsync();
    }

    /// <summary>Starts on the same state after <see cref="StopAsync"/>.</summary>
    public async Task StartAgainAsync()
    {
        Node = Node.Open(_nodeOptions, TimeProvider.System, NullLoggerFactory.Instance);
        await Node.StartAsync();
        StartSync();
    }

    /// <summary>Stops everything, as a planned exit does.</summary>
    public async Task StopAsync()
    {
        LastAddress = Node.Key.Address ?? LastAddress;
        await Node.DrainAsync();
        await (Sync?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Node.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Delete(recursive: true);
    }
}
