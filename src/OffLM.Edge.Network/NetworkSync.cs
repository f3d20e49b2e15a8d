using Microsoft.Extensions.Logging;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Network.Presence;
using OffLM.Edge.Network.Receipts;
using OffLM.Edge.Network.Verdicts;
using OffLM.Edge.Network.Wire;
using OffLM.Edge.Signing;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Requests;
using OffLM.Edge.Work.Status;
using OffLM.Mqtt;

namespace OffLM.Edge.Network;

/// <summary>
/// A node's part in its network: sends signed batches until each has a signed verdict, says that the node is there, and tells totals.
/// Nothing that is asked of the node waits for it, and nothing is lost without it: the ledger keeps what the network has not answered for.
/// </summary>
public sealed partial class NetworkSync : IAsyncDisposable
{
    /// <summary>How long the last batches may take to leave when the node stops.</summary>
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(2);

    /// <summary>The pause after something that a connection needs could not be read.</summary>
    private static readonly TimeSpan SetupAgainAfter = TimeSpan.FromSeconds(10);

    private readonly Node _node;
    private readonly NetworkOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger<NetworkSync> _logger;
    private readonly TelemetryTotals _totals;
    private readonly TelemetryReporter _telemetry;
    private readonly Rejections _rejections;
    private readonly VerdictInbox _inbox;
    private readonly BatchPublisher _publisher;
    private readonly WakeSignal _identityChanged;
    private readonly CancellationTokenSource _stop = new();
    private readonly DateTimeOffset _startedAt;
    private readonly Uri _broker;
    private BrokerLink? _link;
    private string? _problem;
    private long _connections;
    private bool _disposed;
    private Task _loop = Task.CompletedTask;

    private NetworkSync(Node node, NetworkOptions options, TimeProvider sending, ILoggerFactory loggers)
    {
        (_node, _options, _loggers) = (node, options, loggers);
        _broker = options.Broker ?? throw new ArgumentException("Expected a broker, mqtt://HOST or mqtts://HOST.", nameof(options));
        _logger = loggers.CreateLogger<NetworkSync>();
        var time = node.Clock.Time;
        _startedAt = time.GetUtcNow();
        _identityChanged = new WakeSignal(time);
        _totals = new TelemetryTotals(options.OwnUse);
        _telemetry = new TelemetryReporter(node, _totals, options.OwnUse, options.TelemetryInterval);
        _rejections = new Rejections(time, loggers.CreateLogger<Rejections>());
        _inbox = new VerdictInbox(node.Ledger, node.Options.Domain, options.Collectors, Now, _rejections, loggers.CreateLogger<VerdictInbox>());
        var outbox = new OutboxReader(node.Ledger, new BatchEncoder(options.OwnUse), options.Fleet);
        var recorder = new SentRecorder(node.Ledger, Now, sending, loggers.CreateLogger<SentRecorder>());
        _publisher = new BatchPublisher(outbox, recorder, sending, loggers.CreateLogger<BatchPublisher>());
    }

    /// <summary>Begins to sync a node that has been started; connects in the background for as long as it takes.</summary>
    /// <exception cref="ArgumentException">No broker is named.</exception>
    public static NetworkSync Start(Node node, NetworkOptions options, ILoggerFactory loggers) => Start(node, options, node.Clock.Time, loggers);

    /// <summary>How the node stands with the network.</summary>
    public NetworkStatus Status()
    {
        var link = Volatile.Read(ref _link);
        return new NetworkStatus
        {
            Link = LinkOf(link),
            Fleet = _options.Fleet,
            Identity = link?.Identity,
            Collectors = _options.Collectors,
            Counts = new(Interlocked.Read(ref _connections), _publisher.Sent, _publisher.SentAgain, _inbox.Settled, _inbox.Refused, _inbox.Repeated),
            RejectedVerdicts = _rejections.Counts(),
            LastRejected = _rejections.Last,
            Problems = [.. Problems(link)],
        };
    }

    /// <summary>Says that the node takes no more requests; to be called when it begins to stop.</summary>
    public async Task DrainingAsync()
    {
        using var deadline = new CancellationTokenSource(FlushLimit, _node.Clock.Time);
        await (Volatile.Read(ref _link)?.DrainingAsync(deadline.Token) ?? Task.CompletedTask);
    }

    /// <summary>Sends what was signed last, if the broker is there, says goodbye and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await _publisher.FlushAsync(FlushLimit);
        await _stop.CancelAsync();
        await _loop;
        _node.OutboxChanged -= _publisher.Wake;
        _node.Completed -= OnCompleted;
        _node.Refused -= OnRefused;
        _node.Key.Unlocked -= OnUnlocked;
        _publisher.Dispose();
        _identityChanged.Dispose();
        _stop.Dispose();
    }

    /// <inheritdoc cref="Start(Node, NetworkOptions, ILoggerFactory)"/>
    /// <param name="node">What is synced.</param>
    /// <param name="options">Where to, and as whom.</param>
    /// <param name="sending">The clock of the pauses before batches are sent again.</param>
    /// <param name="loggers">For the log.</param>
    internal static NetworkSync Start(Node node, NetworkOptions options, TimeProvider sending, ILoggerFactory loggers)
    {
        var sync = new NetworkSync(node, options, sending, loggers);
        sync._inbox.Resolved += sync._publisher.Resolved;
        node.OutboxChanged += sync._publisher.Wake;
        node.Completed += sync.OnCompleted;
        node.Refused += sync.OnRefused;
        node.Key.Unlocked += sync.OnUnlocked;
        node.Report(sync.Status);
        sync._loop = sync.RunAsync();
        return sync;
    }

    private ulong Now() => _node.Clock.Now().UnixMilliseconds;

    private void OnCompleted(CompletedAnswer completed) => _totals.Add(completed);

    private void OnRefused(Caller caller) => _totals.AddRefused(caller);

    private void OnUnlocked(Address address) => _identityChanged.Set();

    private async Task RunAsync()
    {
        // Off the start path: reading the ledger may take a moment.
        await Task.Yield();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await ConnectAsync();
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // A fault of this program. What it keeps from being sent is in the ledger, and the next attempt may not meet it.
                LogFault(e);
                Volatile.Write(ref _problem, $"The sync failed and is begun again: {e.Message}");
                await Task.Delay(SetupAgainAfter, _node.Clock.Time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ConnectAsync()
    {
        if (Identity() is not { } identity)
        {
            // No cause for a line in the log: on a first start the key is made a moment later, and a key that can't be says so itself.
            Volatile.Write(ref _problem, "The node has no address before its key was unlocked for the first time; nothing is sent until then.");
            await _identityChanged.WaitAsync(SetupAgainAfter, _stop.Token);
        }
        else if (TryOpen(identity) is not { } link)
        {
            await _identityChanged.WaitAsync(SetupAgainAfter, _stop.Token);
        }
        else
        {
            Report(null);
            await using (link)
            {
                await ServeAsync(link);
            }
        }
    }

    /// <summary>Until the node's address is another, or the end.</summary>
    private async Task ServeAsync(BrokerLink link)
    {
        Volatile.Write(ref _link, link);
        try
        {
            while ((Identity() ?? link.Identity) == link.Identity)
            {
                await _identityChanged.WaitAsync(null, _stop.Token);
            }

            LogNewIdentity(link.Identity);
        }
        finally
        {
            Volatile.Write(ref _link, null);
        }
    }

    /// <summary>The unlocked key's address; while it is locked, the one that the ledger remembers.</summary>
    private Address? Identity()
    {
        if (_node.Key.Address is { } unlocked)
        {
            return unlocked;
        }

        try
        {
            using var reader = _node.Ledger.Read();
            return reader.Summary().Node;
        }
        catch (Exception e) when (e is LedgerUnavailableException or SqliteException)
        {
            return null;
        }
    }

    private BrokerLink? TryOpen(Address identity)
    {
        try
        {
            var password = BrokerPassword.Find(_options.PasswordFile);
            var link = new BrokerLink(_node, identity, _options, password, _publisher, _inbox, _telemetry, () => Interlocked.Increment(ref _connections), _loggers);
            link.Start();
            return link;
        }
        catch (Exception e) when (e is BrokerPasswordException or LedgerUnavailableException or SqliteException or ArgumentException or DllNotFoundException)
        {
            Report(e.Message);
            return null;
        }
    }

    private LinkStatus LinkOf(BrokerLink? link) => link?.Link is { } state
        ? new(state.State.ToString().ToLowerInvariant(), _broker, state.Since, state.Problem, state.Attempts, state.NextAttempt)
        : new("off", _broker, _startedAt, Volatile.Read(ref _problem), 0, null);

    private IEnumerable<string> Problems(BrokerLink? link)
    {
        if (Volatile.Read(ref _problem) is { } setup)
        {
            yield return setup;
        }

        if (link?.Link is { State: not LinkState.Connected, Problem: { } down })
        {
            yield return $"The link to the broker {_broker.OriginalString} is down, receipts wait in the ledger: {down}";
        }

        if (link?.Problem is { } refused)
        {
            yield return refused;
        }

        if (_options.Collectors.Count == 0)
        {
            yield return "No collector is trusted, so nothing that is sent can settle: name the collectors' addresses in network.collectors.";
        }

        foreach (var problem in _publisher.Problems())
        {
            yield return problem;
        }
    }

    private void Report(string? problem)
    {
        if (Interlocked.Exchange(ref _problem, problem) != problem && problem is not null)
        {
            LogProblem(problem);
        }
    }

    [LoggerMessage(LogLevel.Error, "The sync failed and is begun again")]
    private partial void LogFault(Exception fault);

    [LoggerMessage(LogLevel.Warning, "{Problem}")]
    private partial void LogProblem(string problem);

    [LoggerMessage(LogLevel.Warning, "The node's key was replaced: it leaves its network as {Address} and comes back under its new address")]
    private partial void LogNewIdentity(Address address);
}
