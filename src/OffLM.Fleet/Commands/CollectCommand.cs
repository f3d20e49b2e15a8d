using System.CommandLine;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using OffLM.Edge.Signing;
using OffLM.Fleet.Collecting;
using OffLM.Fleet.Store;
using OffLM.Mqtt;

namespace OffLM.Fleet.Commands;

/// <summary><c>collect</c>: takes batches, verifies, stores and answers them until it is told to stop.</summary>
internal static partial class CollectCommand
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(10);

    private static readonly Option<string> Broker = new("--broker")
    {
        Description = "The broker: mqtt://HOST[:1883] or, encrypted, mqtts://HOST[:8883].",
        HelpName = "URL",
        Required = true,
    };

    private static readonly Option<string> Fleet = new("--fleet")
    {
        Description = "The fleet's name in topics.",
        HelpName = "NAME",
        DefaultValueFactory = _ => Topics.DefaultFleet,
    };

    private static readonly Option<string> Share = new("--share")
    {
        Description = "The group of collectors that share the batches.",
        HelpName = "GROUP",
        DefaultValueFactory = _ => CollectorOptions.DefaultGroup,
    };

    private static readonly Option<string?> Domain = new("--domain")
    {
        Description = "The network that receipts are signed for. Default the database's, else a test network.",
        HelpName = "CHAIN:CONTRACT",
    };

    private static readonly Option<string[]> Nodes = new("--node")
    {
        Description = "A node whose batches settle; may be given several times. See also 'nodes trust'.",
        HelpName = "ADDRESS",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<bool> TrustOnFirstUse = new("--trust-on-first-use")
    {
        Description = "Trust every node that comes with the first batch of a chain.",
    };

    private static readonly Option<string?> User = new("--user")
    {
        Description = "The broker's user. Its password comes from OFFLM_NETWORK_PASSWORD, the systemd credential offlm-network-password, or --password-file.",
        HelpName = "NAME",
    };

    private static readonly Option<string?> PasswordFile = new("--password-file") { Description = "A file, mode 0600, that holds the user's password.", HelpName = "FILE" };

    private static readonly Option<string?> Ca = new("--ca")
    {
        Description = "A PEM file of the certificates that the broker's must come from. Default the system's.",
        HelpName = "FILE",
    };

    private static readonly Option<string?> Certificate = new("--certificate")
    {
        Description = "A PEM file of the collector's own certificate, for brokers that ask for one.",
        HelpName = "FILE",
    };

    private static readonly Option<string?> PrivateKey = new("--private-key") { Description = "A PEM file of that certificate's key.", HelpName = "FILE" };

    public static Command Create()
    {
        var command = new Command("collect", "Take signed batches from the broker, verify and store them, and answer each with a signed verdict.")
        {
            Broker, Fleet, Share, Domain, Nodes, TrustOnFirstUse, User, PasswordFile, Ca, Certificate, PrivateKey,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var loggers = Logging.Create();
        var logger = loggers.CreateLogger("OffLM.Fleet");
        using var key = FleetOptions.OpenKey(result);
        var path = FleetOptions.PathOf(result);
        var domain = Prepare(result, path, key.Address);
        using var name = SessionName.Take(path, FleetName(result), Group(result));
        var options = new CollectorOptions(
            path, FleetName(result), Group(result), new BookRules(domain, result.GetValue(TrustOnFirstUse)), BrokerOptions(result, name.ClientId));
        Collector collector;
        try
        {
            collector = Collector.Start(options, new Notary(key), TimeProvider.System, loggers);
        }
        catch (ArgumentException e)
        {
            throw new CommandException(e.Message, e);
        }

        await using (collector)
        {
            await WatchAsync(collector, options, key.Address, logger, stop.Token);
            LogStopping(logger);
        }

        return 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>Says when it listens, and from time to time what it did, until it is told to stop.</summary>
    private static async Task WatchAsync(Collector collector, CollectorOptions options, Address address, ILogger logger, CancellationToken stop)
    {
        try
        {
            await collector.Ready.WaitAsync(stop);
            Console.WriteLine($"collecting fleet {options.Fleet} from {options.Broker.Broker} as {address}");
            LogCollecting(logger, options.Fleet, options.Broker.Broker, address, options.Rules.Domain.IsTestNetwork ? " (test network)" : "");
            var told = collector.Progress;
            using var timer = new PeriodicTimer(ProgressInterval);
            while (await timer.WaitForNextTickAsync(stop))
            {
                if (collector.Progress is var now && now != told)
                {
                    LogProgress(logger, now.Received, now.Settled, now.Refused, now.Lost, now.GivenUp);
                    told = now;
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Makes the database if there is none, and writes down what was decided.</summary>
    /// <returns>The network that it collects for.</returns>
    private static TypedDomain Prepare(ParseResult result, string path, Address collector)
    {
        var wanted = result.GetValue(Domain) is { } text ? ParseDomain(text) : null;
        var nodes = (result.GetValue(Nodes) ?? []).Select(FleetOptions.AddressOf).ToList();
        using var database = FleetDatabase.Open(path);
        var meta = new MetaTable(database.Connection);
        var domain = database.Write(() =>
        {
            meta.AddCollector(collector, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
            var stored = meta.Domain();
            if (stored is not null && wanted is not null && stored != wanted)
            {
                throw new CommandException($"{path} collects for {DomainText.Format(stored)}, not for {DomainText.Format(wanted)}. Use a database of its own for each network.");
            }

            var chosen = stored ?? wanted ?? TypedDomain.TestNetwork;
            meta.SetDomain(chosen);
            return chosen;
        });
        var registry = new NodeRegistry(database, TimeProvider.System);
        nodes.ForEach(registry.Ensure);
        return domain;
    }

    private static TypedDomain ParseDomain(string text)
    {
        try
        {
            return DomainText.Parse(text);
        }
        catch (FormatException e)
        {
            throw new CommandException($"--domain: {e.Message}", e);
        }
    }

    private static MqttOptions BrokerOptions(ParseResult result, string clientId) => new()
    {
        Broker = Uri.TryCreate(result.GetRequiredValue(Broker), UriKind.Absolute, out var broker)
            ? broker
            : throw new CommandException($"--broker: '{result.GetRequiredValue(Broker)}' is no URL. Expected mqtt://HOST[:1883] or mqtts://HOST[:8883]."),
        ClientId = clientId,
        User = result.GetValue(User),
        Password = result.GetValue(User) is null ? null : PasswordOf(result),
        CaFile = result.GetValue(Ca),
        CertificateFile = result.GetValue(Certificate),
        PrivateKeyFile = result.GetValue(PrivateKey),
        SessionExpiry = CollectorOptions.SessionExpiry,
    };

    private static string? PasswordOf(ParseResult result)
    {
        try
        {
            return BrokerPassword.Find(result.GetValue(PasswordFile));
        }
        catch (BrokerPasswordException e)
        {
            throw new CommandException(e.Message, e);
        }
    }

    private static string FleetName(ParseResult result) => result.GetRequiredValue(Fleet) is var name && Topics.IsFleet(name)
        ? name
        : throw new CommandException($"--fleet: '{name}' is no fleet's name. Expected 1 to 64 lower-case letters, digits, '-', '_' and '.'.");

    private static string Group(ParseResult result) => result.GetRequiredValue(Share) is var name && CollectorOptions.IsGroup(name)
        ? name
        : throw new CommandException($"--share: '{name}' is no group's name. Expected 1 to 64 lower-case letters, digits, '-', '_' and '.'.");

    [LoggerMessage(LogLevel.Information, "Collecting fleet {Fleet} from {Broker} as {Address}{Network}")]
    private static partial void LogCollecting(ILogger logger, string fleet, Uri broker, Address address, string network);

    [LoggerMessage(LogLevel.Information, "{Received} batch messages came; {Settled} answered as settled, {Refused} as refused; {Lost} answers lost, {GivenUp} messages not stored")]
    private static partial void LogProgress(ILogger logger, long received, long settled, long refused, long lost, long givenUp);

    [LoggerMessage(LogLevel.Information, "Stopping: what came is stored and answered")]
    private static partial void LogStopping(ILogger logger);
}
