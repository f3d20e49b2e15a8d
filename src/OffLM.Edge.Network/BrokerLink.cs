using Microsoft.Extensions.Logging;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Network.Presence;
using OffLM.Edge.Network.Receipts;
using OffLM.Edge.Network.Verdicts;
using OffLM.Edge.Signing;
using OffLM.Edge.Work;
using OffLM.Mqtt;

namespace OffLM.Edge.Network;

/// <summary>The connection to the broker under one address of the node, and what is done each time it comes about.</summary>
internal sealed class BrokerLink : IAsyncDisposable
{
    /// <summary>How long the goodbye may take.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    private readonly Node _node;
    private readonly NetworkOptions _options;
    private readonly Topics _topics;
    private readonly MqttConnection _connection;
    private readonly Announcer _announcer;
    private readonly BatchPublisher _publisher;
    private readonly TelemetryReporter _telemetry;
    private readonly Action _connected;

    /// <param name="node">Whose link it is.</param>
    /// <param name="identity">The address that it goes by.</param>
    /// <param name="options">Where to, and as whom.</param>
    /// <param name="password">The broker's user's.</param>
    /// <param name="publisher">Sends batches while the link is up.</param>
    /// <param name="inbox">Takes verdicts.</param>
    /// <param name="telemetry">Tells totals while the link is up.</param>
    /// <param name="connected">Told each time the link comes up.</param>
    /// <param name="loggers">For the connection's own log.</param>
    /// <exception cref="LedgerUnavailableException">The ledger can't be read.</exception>
    public BrokerLink(
        Node node, Address identity, NetworkOptions options, string? password, BatchPublisher publisher, VerdictInbox inbox, TelemetryReporter telemetry, Action connected,
        ILoggerFactory loggers)
    {
        (_node, _options, _publisher, _telemetry, _connected) = (node, options, publisher, telemetry, connected);
        _topics = new Topics(options.Fleet, identity.ToLowerString());
        _announcer = new Announcer(node, identity, _topics, loggers.CreateLogger<Announcer>());
        _connection = new MqttConnection(OptionsOf(options, password, _topics, _announcer), node.Clock.Time, loggers.CreateLogger<MqttConnection>())
        {
            OnConnected = OnConnectedAsync,
        };
        Identity = identity;
        foreach (var address in SigningAddresses(node.Ledger).Prepend(identity).Distinct())
        {
            _connection.Subscribe(
                new Topics(options.Fleet, address.ToLowerString()).ReceiptAcknowledgement, Delivery.AtLeastOnce, async (message, _) => await inbox.TakeAsync(message.Payload, identity));
        }
    }

    /// <summary>The address that the node goes by.</summary>
    public Address Identity { get; }

    public MqttLink Link => _connection.Link;

    /// <summary>What the broker refuses to hear of the node; null while it takes it.</summary>
    public string? Problem => _announcer.Problem;

    public void Start() => _connection.Start();

    /// <summary>Says that the node takes no more requests; returns also where nobody hears it.</summary>
    public async Task DrainingAsync(CancellationToken cancellation)
    {
        try
        {
            await _announcer.DrainingAsync(_connection.PublishAsync, cancellation);
        }
        catch (Exception e) when (e is MqttDisconnectedException or OperationCanceledException)
        {
            // Nobody is there to be told.
        }
    }

    /// <summary>Says goodbye, so that the broker need not say it for the node, and ends the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _connection.StopAsync(_announcer.Farewell(), StopLimit);
        await _connection.DisposeAsync();
    }

    private static MqttOptions OptionsOf(NetworkOptions options, string? password, Topics topics, Announcer announcer) => new()
    {
        Broker = options.Broker ?? throw new InvalidOperationException("There is no broker to connect to."),
        ClientId = options.ClientId ?? topics.Node,
        User = options.User,
        Password = password,
        CaFile = options.CaFile,
        CertificateFile = options.CertificateFile,
        PrivateKeyFile = options.PrivateKeyFile,
        KeepAlive = options.KeepAlive,
        SessionExpiry = options.SessionExpiry,
        Will = announcer.Farewell(),
    };

    /// <summary>The addresses that signed what is unsettled: earlier ones too, where the key was replaced. Their verdicts come on their topics.</summary>
    private static HashSet<Address> SigningAddresses(Ledger ledger)
    {
        using var reader = ledger.Read();
        var addresses = new HashSet<Address>();
        for (var page = reader.Unsettled(0, LedgerReader.PageSize); page.Count > 0; page = reader.Unsettled(page[^1].Batch.Batch, LedgerReader.PageSize))
        {
            foreach (var batch in page)
            {
                addresses.Add(batch.Batch.Node);
            }
        }

        return addresses;
    }

    private async Task OnConnectedAsync(MqttSession session, CancellationToken linkGone)
    {
        _connected();

        // Side by side: what the broker refuses of one must not keep the others, and receipts don't wait for the birth certificate.
        await Task.WhenAll(
            _publisher.RunAsync(_connection.PublishAsync, !session.SessionPresent, linkGone),
            _announcer.AnnounceAsync(_connection.PublishAsync, linkGone),
            ReportAsync(linkGone));
    }

    private async Task ReportAsync(CancellationToken linkGone)
    {
        using var timer = new PeriodicTimer(_options.TelemetryInterval, _node.Clock.Time);
        while (await timer.WaitForNextTickAsync(linkGone))
        {
            try
            {
                await _connection.PublishAsync(_telemetry.Message(_topics.Telemetry), linkGone);
                await _announcer.RefreshAsync(_connection.PublishAsync, linkGone);
            }
            catch (Exception e) when (e is LedgerUnavailableException or SqliteException or MqttPublishException)
            {
                // The ledger can't be read just now, which status and log say; the next message has these totals too.
            }
        }
    }
}
