using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using OffLM.Edge.Hosting;
using OffLM.Edge.Metering;
using OffLM.Edge.Network;
using OffLM.Mqtt;

namespace OffLM.Edge.Commands;

/// <summary>The part of <c>doctor</c> that looks at the way to the network: each step of it, so that the one that fails is named.</summary>
internal static class NetworkFindings
{
    private static readonly TimeSpan StepLimit = TimeSpan.FromSeconds(10);

    /// <summary>Looks at the broker, step by step up to the first that fails, and at who may settle.</summary>
    public static async IAsyncEnumerable<Finding> LookAsync(NetworkOptions options, StateDirectory state, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (options.Broker is not { } broker)
        {
            yield return new(Grade.Note, "network", "No broker is set: receipts are signed and stay on this box. Set network.broker to send them.");
            yield break;
        }

        yield return options.Collectors.Count > 0
            ? new(Grade.Good, "collectors", $"Verdicts of {string.Join(", ", options.Collectors)} settle receipts.")
            : new(Grade.Bad, "collectors", "No collector is trusted, so nothing that is sent can settle. Name the collectors' addresses in network.collectors.");
        if (!options.IsEncrypted && !broker.IsLoopback)
        {
            yield return new(Grade.Note, "network", $"The link to {broker.OriginalString} is not encrypted: whoever is on the way can read the password and what is sent. Use mqtts://.");
        }

        var (addresses, unknown) = await ResolveAsync(broker, cancellation);
        if (unknown is not null)
        {
            yield return unknown;
            yield break;
        }

        var reached = await ReachAsync(broker, addresses, cancellation);
        yield return reached;
        if (reached.Grade == Grade.Good)
        {
            yield return await EnterAsync(options, state, cancellation);
        }
    }

    private static async Task<(IPAddress[] Addresses, Finding? Problem)> ResolveAsync(Uri broker, CancellationToken cancellation)
    {
        try
        {
            return (await Dns.GetHostAddressesAsync(broker.DnsSafeHost, cancellation).WaitAsync(StepLimit, cancellation), null);
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            return ([], new(Grade.Bad, "network", $"The broker's name {broker.DnsSafeHost} can't be resolved: {e.Message.TrimEnd('.')}. Check network.broker, and this machine's name server."));
        }
    }

    private static async Task<Finding> ReachAsync(Uri broker, IPAddress[] addresses, CancellationToken cancellation)
    {
        var port = broker.Port > 0 ? broker.Port : broker.Scheme == "mqtts" ? 8883 : 1883;
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(addresses, port, cancellation).AsTask().WaitAsync(StepLimit, cancellation);
            return new(Grade.Good, "network", $"Port {port} of {broker.DnsSafeHost} ({string.Join(", ", addresses.AsEnumerable())}) can be reached.");
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            return new(
                Grade.Bad, "network", $"Nothing answers on port {port} of {broker.DnsSafeHost} ({string.Join(", ", addresses.AsEnumerable())}): {e.Message.TrimEnd('.')}. Is the broker running, and no firewall between?");
        }
    }

    /// <summary>What a running node says of its own link; without one, what the broker says to a connection made for this.</summary>
    private static async Task<Finding> EnterAsync(NetworkOptions options, StateDirectory state, CancellationToken cancellation)
    {
        using var node = ControlClient.Find(state);
        if (node is null)
        {
            return await TryEnterAsync(options, state, cancellation);
        }

        using var status = await node.SendAsync(HttpMethod.Get, "/node/v1/status", null, cancellation);
        if (!status.RootElement.TryGetProperty("sync", out var sync))
        {
            return new(Grade.Bad, "network", "The node that runs was started without a broker. Start it again with these settings.");
        }

        var link = sync.GetProperty("link");
        return link.GetProperty("state").GetString() == "connected"
            ? new(Grade.Good, "network", $"The node is connected since {link.GetProperty("since").GetString()}.")
            : new(Grade.Bad, "network", $"The node is not connected: {(link.TryGetProperty("problem", out var problem) ? problem.GetString() : "it is being tried.")}");
    }

    private static async Task<Finding> TryEnterAsync(NetworkOptions options, StateDirectory state, CancellationToken cancellation)
    {
        try
        {
            var settled = new TaskCompletionSource<MqttLink>(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var connection = new MqttConnection(OptionsOf(options, state), TimeProvider.System, NullLogger<MqttConnection>.Instance);
            connection.LinkChanged += link =>
            {
                if (link.State is LinkState.Connected or LinkState.Waiting)
                {
                    settled.TrySetResult(link);
                }
            };
            connection.Start();
            var link = await settled.Task.WaitAsync(2 * StepLimit, cancellation);
            await connection.StopAsync(null, StepLimit);
            return link.State == LinkState.Connected
                ? new(Grade.Good, "network", "The broker lets the node in.")
                : new(Grade.Bad, "network", $"The broker does not let the node in: {link.Problem}");
        }
        catch (Exception e) when (e is BrokerPasswordException or ArgumentException)
        {
            return new(Grade.Bad, "network", e.Message);
        }
        catch (TimeoutException)
        {
            return new(Grade.Bad, "network", "The broker takes the connection but does not answer. Is it an MQTT 5 broker, and is this its port?");
        }
    }

    /// <summary>Under a name of its own and without a session, so that a node's session, and what waits in it, is left alone.</summary>
    private static MqttOptions OptionsOf(NetworkOptions options, StateDirectory state) => new()
    {
        Broker = options.Broker!,
        ClientId = (options.ClientId ?? AddressIn(state) ?? "offlm-edge") + "-doctor",
        User = options.User,
        Password = BrokerPassword.Find(options.PasswordFile),
        CaFile = options.CaFile,
        CertificateFile = options.CertificateFile,
        PrivateKeyFile = options.PrivateKeyFile,
        CleanStart = true,
        SessionExpiry = TimeSpan.Zero,
    };

    private static string? AddressIn(StateDirectory state)
    {
        if (!File.Exists(state.Ledger))
        {
            return null;
        }

        using var ledger = LedgerReader.Open(state.Ledger);
        return ledger.Summary().Node?.ToLowerString();
    }
}
