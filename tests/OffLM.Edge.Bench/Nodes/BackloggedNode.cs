using OffLM.Edge.Bench.Ledgers;
using OffLM.Edge.Metering;
using OffLM.Shared.Mqtt;

namespace OffLM.Edge.Bench.Nodes;

/// <summary>
/// A published node with a month of signed receipts, a published collector and a real broker.
/// </summary>
internal sealed class BackloggedNode : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly MosquittoBroker _broker;
    private readonly RunningCollector _collector;

    private BackloggedNode(TemporaryFolder folder, MosquittoBroker broker, RunningCollector collector, FaultyProxy way, RunningNode node, LedgerReader ledger)
    {
        (_folder, _broker, _collector) = (folder, broker, collector);
        (Way, Node, Ledger) = (way, node, ledger);
    }

    /// <summary>From node to broker, closed at first; of no use where the node has the broker's own address.</summary>
    public FaultyProxy Way { get; }

    public RunningNode Node { get; }

    public int CollectorProcessId => _collector.ProcessId;

    /// <summary>The node's own.</summary>
    public LedgerReader Ledger { get; }

    /// <param name="workspace">Which programs.</param>
    /// <param name="receipts">How many wait, all of paying guests.</param>
    /// <param name="isOnline">True to let the node drain from its start; false to keep the way closed.</param>
    /// <param name="processor">The node's only processor, as taskset names it; null for all.</param>
    /// <param name="collectorProcessor">The collector's, likewise.</param>
    /// <param name="settings">More settings of the node, as environment variables.</param>
    public static async Task<BackloggedNode> StartAsync(
        Workspace workspace, int receipts, bool isOnline, string? processor = null, string? collectorProcessor = null,
        IReadOnlyDictionary<string, string>? settings = null)
    {
        var state = await SignedLedger.StateAsync(workspace, $"drain-{receipts}", receipts, paid: true);
        var folder = workspace.NewFolder();

        // A broker of its own: another would go on sharing messages out to the sessions of the collectors before.
        var broker = await MosquittoBroker.StartAsync();
        var own = folder.File("state");
        CopyFolder(state, own);
        var address = await RunningCollector.AddressAsync(workspace, folder.Path);
        var collector = await RunningCollector.StartAsync(workspace, folder.Path, broker.Uri, collectorProcessor);
        var way = FaultyProxy.Start(broker.Port);
        await way.RefuseAsync();
        var all = new Dictionary<string, string>(settings ?? new Dictionary<string, string>())
        {
            ["OFFLM_NETWORK_BROKER"] = (isOnline ? broker.Uri : way.Uri).ToString(),
            ["OFFLM_NETWORK_COLLECTORS"] = address,
        };
        var node = await RunningNode.StartAsync(workspace, own, all, processor);
        return new BackloggedNode(folder, broker, collector, way, node, LedgerReader.Open(Path.Combine(own, "ledger.db")));
    }

    public async ValueTask DisposeAsync()
    {
        Ledger.Dispose();
        await Node.DisposeAsync();
        await Way.DisposeAsync();
        await _collector.DisposeAsync();
        await _broker.DisposeAsync();
        _folder.Dispose();
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var folder in Directory.EnumerateDirectories(from))
        {
            CopyFolder(folder, Path.Combine(to, Path.GetFileName(folder)));
        }

        foreach (var file in Directory.EnumerateFiles(from).Where(f => !f.EndsWith(".sock", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
