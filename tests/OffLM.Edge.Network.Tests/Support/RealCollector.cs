using Microsoft.Extensions.Logging.Abstractions;
using OffLM.Edge.Signing;
using OffLM.Fleet.Collecting;
using OffLM.Fleet.Reports;
using OffLM.Fleet.Store;
using OffLM.Mqtt;

namespace OffLM.Edge.Network.Tests.Support;

/// <summary>The collector that operators run, in this process, and its database.</summary>
internal sealed class RealCollector : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("offlm-collector-");
    private readonly Uri _broker;
    private Collector? _collector;

    public RealCollector(Uri broker) => _broker = broker;

    private string Database => Path.Combine(_folder.FullName, "fleet.db");

    /// <summary>Starts it, again after <see cref="StopAsync"/>, and waits until it listens.</summary>
    public async Task StartAsync()
    {
        Decide(database => database.Write(() => new MetaTable(database.Connection).AddCollector(TestKeys.Collector.Address, 0)));
        var broker = new MqttOptions { Broker = _broker, ClientId = "real-collector", MaximumRetry = TimeSpan.FromSeconds(1) };
        var options = new CollectorOptions(Database, Topics.DefaultFleet, CollectorOptions.DefaultGroup, new BookRules(TypedDomain.TestNetwork, TrustOnFirstUse: false), broker);
        _collector = Collector.Start(options, new Notary(TestKeys.Collector), TimeProvider.System, NullLoggerFactory.Instance);
        await Eventually.HoldsAsync(() => _collector.Ready.IsCompletedSuccessfully);
    }

    public async Task StopAsync()
    {
        await (_collector?.DisposeAsync() ?? ValueTask.CompletedTask);
        _collector = null;
    }

    /// <summary>Has a node's batches settle.</summary>
    public void Trust(Address node) => Decide(database => new NodeRegistry(database, TimeProvider.System).Trust(node));

    /// <summary>Has a node's batches settle as those that follow another's.</summary>
    public void TrustAsContinuing(Address node, Address old) => Decide(database => new NodeRegistry(database, TimeProvider.System).TrustAsContinuing(node, old));

    /// <summary>How many batches of a node are settled.</summary>
    public long Settled(Address node)
    {
        using var database = FleetDatabase.OpenReadOnly(Database);
        return NodeReport.Read(database).Where(report => report.Node == node).Sum(report => report.Batches);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Delete(recursive: true);
    }

    private void Decide(Action<FleetDatabase> decide)
    {
        using var database = FleetDatabase.Open(Database);
        decide(database);
    }
}
