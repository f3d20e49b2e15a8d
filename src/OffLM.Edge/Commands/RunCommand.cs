using System.CommandLine;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using OffLM.Edge.Board.Boards;
using OffLM.Edge.Configuration;
using OffLM.Edge.Hosting;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan;
using OffLM.Edge.Metering;
using OffLM.Edge.Network;
using OffLM.Edge.Work;

namespace OffLM.Edge.Commands;

/// <summary><c>run</c>: starts the node and stays until it is told to stop.</summary>
internal static partial class RunCommand
{
    private static readonly Option<string?> Listen = new("--listen") { Description = "Address and port to listen on (lan.listen).", HelpName = "ADDR" };
    private static readonly Option<string?> Mqtt = new("--mqtt") { Description = "The MQTT broker to send receipts through (network.broker).", HelpName = "URL" };
    private static readonly Option<string?> Models = new("--models") { Description = "Folder of model folders (inference.models).", HelpName = "DIR" };

    public static Command Create()
    {
        var command = new Command("run", "Start the node and stay until it is told to stop.") { Listen, Mqtt, Models, BoardCommand.Board };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        ProcessGuard.ForbidDumps();
        var state = GlobalOptions.StateOf(result);
        var settings = GlobalOptions.SettingsOf(result, Given(result));
        using var loggers = Logging.Create();
        var logger = loggers.CreateLogger("OffLM.Edge");
        using var exclusive = state.TryLock()
            ?? throw new CommandException($"A node runs on {state.Root} already. Stop it first, or name another state directory with --state.");

        var stop = new TaskCompletionSource();
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        await using var onCancel = cancellation.Register(() => stop.TrySetResult());
        try
        {
            await ServeAsync(state, settings, loggers, logger, stop.Task);
            return 0;
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerVersionException or InvalidDataException or IOException or BoardException)
        {
            throw new CommandException(e.Message, e);
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.TrySetResult();
        }
    }

    private static async Task ServeAsync(StateDirectory state, EdgeSettings settings, ILoggerFactory loggers, ILogger logger, Task stop)
    {
        InferenceLibraries.Folder = settings.Libraries;
        var options = settings.NodeOptions(state.Root);
        foreach (var model in StarterModel.Install(options.ModelsDirectory))
        {
            LogStarterModel(logger, model, options.ModelsDirectory);
        }

        await using var notifier = new SystemdNotifier(TimeProvider.System);
        await using var node = Node.Open(options, TimeProvider.System, loggers);
        await using var server = LanServer.Create(node, settings.Lan with { ControlSocket = state.ControlSocket }, loggers);
        await server.StartAsync(CancellationToken.None);
        await node.StartAsync();
        LogBoard(logger, node.BoardStatus()?.Title ?? "none");
        foreach (var address in server.Addresses.Where(a => !a.Contains("unix:", StringComparison.Ordinal)))
        {
            LogListening(logger, address);
        }

        if (settings.ListensBeyondLoopback && node.Keys.List().All(k => k.RevokedAt is not null) && settings.Lan.Open.Count == 0)
        {
            LogNobodyMayCall(logger);
        }

        await using var sync = settings.Network.Broker is null ? null : NetworkSync.Start(node, settings.Network, loggers);
        notifier.Ready(() => node.IsServing);
        await stop;
        LogStopping(logger);
        SystemdNotifier.Stopping();

        // The node drains while the server still carries its last chunks and the network takes the last batch; only then are the doors closed.
        var told = sync?.DrainingAsync() ?? Task.CompletedTask;
        await node.DrainAsync();
        await told;
        await (sync?.DisposeAsync() ?? ValueTask.CompletedTask);
        await node.DisposeAsync();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await server.StopAsync(deadline.Token);
    }

    private static Dictionary<string, string> Given(ParseResult result)
    {
        var given = BoardCommand.Given(result);
        if (result.GetValue(Listen) is { } listen)
        {
            given["lan.listen"] = listen;
        }

        if (result.GetValue(Mqtt) is { } broker)
        {
            given["network.broker"] = broker;
        }

        if (result.GetValue(Models) is { } models)
        {
            given["inference.models"] = models;
        }

        return given;
    }

    [LoggerMessage(LogLevel.Information, "The board is taken for: {Board}")]
    private static partial void LogBoard(ILogger logger, string board);

    [LoggerMessage(LogLevel.Information, "Listening on {Address}")]
    private static partial void LogListening(ILogger logger, string address);

    [LoggerMessage(LogLevel.Information, "The model {Model} was put into {Folder} for a first start")]
    private static partial void LogStarterModel(ILogger logger, string model, string folder);

    [LoggerMessage(LogLevel.Warning, "No API key exists: callers from other machines are refused. Make one with 'offlm-edge apikey add NAME'")]
    private static partial void LogNobodyMayCall(ILogger logger);

    [LoggerMessage(LogLevel.Information, "Stopping: running answers may finish, then receipts are signed")]
    private static partial void LogStopping(ILogger logger);
}
