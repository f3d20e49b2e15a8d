using Microsoft.Extensions.Logging.Abstractions;
using OffLM.Edge.Signing;
using OffLM.Fleet.Collecting;
using OffLM.Fleet.Store;

namespace OffLM.Fleet.Tests.Support;

/// <summary>A collector in this process.</summary>
internal sealed class RunningCollector : IAsyncDisposable
{
    private readonly SessionName _name;

    private RunningCollector(Collector collector, SessionName name) => (Collector, _name) = (collector, name);

    public Collector Collector { get; }

    public static async Task<RunningCollector> StartAsync(string database, Uri broker, KeyFileKey key, bool trustOnFirstUse = true)
    {
        using (var made = FleetDatabase.Open(database))
        {
            made.Write(() => new MetaTable(made.Connection).AddCollector(key.Address, 0));
        }

        var name = SessionName.Take(database, "default", CollectorOptions.DefaultGroup);
        var options = new CollectorOptions(
            database, "default", CollectorOptions.DefaultGroup, new BookRules(TypedDomain.TestNetwork, trustOnFirstUse),
            new() { Broker = broker, ClientId = name.ClientId, SessionExpiry = CollectorOptions.SessionExpiry, MaximumRetry = TimeSpan.FromSeconds(1) });
        var collector = Fleet.Collecting.Collector.Start(options, new Notary(key), TimeProvider.System, NullLoggerFactory.Instance);
        await collector.Ready.WaitAsync(Until.Deadline);
        return new(collector, name);
    }

    public async ValueTask DisposeAsync()
    {
        await Collector.DisposeAsync();
        _name.Dispose();
    }
}
