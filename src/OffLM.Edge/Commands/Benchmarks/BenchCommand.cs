using System.CommandLine;
using System.Runtime.InteropServices;
using OffLM.Edge.Board;
using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Sensors;
using OffLM.Edge.Configuration;
using OffLM.Edge.Hosting;
using OffLM.Edge.Inference;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.Cards;

namespace OffLM.Edge.Commands.Benchmarks;

/// <summary><c>bench</c>: how fast this machine runs a model, and at what price in energy and heat.</summary>
internal static class BenchCommand
{
    /// <summary>What the network asks for (a node's entry ticket).</summary>
    private const string ReportSoak = "5m";

    private static readonly Argument<string?> Model = new("model")
    {
        Description = "The model's name or id; may be left out where there is only one that answers.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> Batches = Text("--batches", "LIST", "How many answers at a time to measure. Default 1,2,4,8.", value => value.Integers(1, 256));
    private static readonly Option<string?> Prompt = Text("--prompt", "TOKENS", "Tokens of each prompt. Default 256.", value => value.Integer(1, 131_072));
    private static readonly Option<string?> Tokens = Text("--tokens", "TOKENS", "New tokens of each answer. Default 64.", value => value.Integer(1, 131_072));
    private static readonly Option<string?> Rounds = Text("--rounds", "NUMBER", "Rounds for each; medians are told. Default 3.", value => value.Integer(1, 1000));
    private static readonly Option<string?> Soak = Text(
        "--soak", "DURATION", $"Compute for so long on end, to see how warm it gets. Default none; with --report {ReportSoak}.", value => value.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)));

    private static readonly Option<string?> Report = new("--report") { Description = "Write the hardware report, signed with the node's key, into this file.", HelpName = "FILE" };

    public static Command Create()
    {
        var command = new Command("bench", "Measure how fast this machine runs a model, while no node runs.")
        {
            Model, Batches, Prompt, Tokens, Rounds, Soak, Report, BoardCommand.Board,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        ProcessGuard.ForbidDumps();
        var state = GlobalOptions.StateOf(result);
        var settings = GlobalOptions.SettingsOf(result, BoardCommand.Given(result));
        var plan = Plan(result);
        using var exclusive = state.TryLock() ?? throw new CommandException(
            $"A node runs on {state.Root}; it has the processors, and its answers would be measured too. Stop it first (systemctl stop offlm-edge), then measure, then start it again.");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var pins = new CardPinKeeper(CardPinSources.FromSystem);
        using var key = plan.Report is null ? null : await ReportFile.OpenKeyAsync(settings, state, pins, stop.Token);
        try
        {
            var figures = await MeasureAsync(settings, state, result.GetValue(Model), plan, stop.Token);
            if (plan.Report is { } path)
            {
                await ReportFile.WriteAsync(path, figures, key!, settings, state, stop.Token);
                await Console.Error.WriteLineAsync($"bench: the report is in {path}, signed by {key!.Address}");
            }

            Show(figures, result.GetValue(GlobalOptions.Json));
            return 0;
        }
        catch (OperationCanceledException)
        {
            throw new CommandException("Stopped; nothing was written.");
        }
        catch (Exception e) when (e is InferenceException or BoardException)
        {
            throw new CommandException(e is ModelUnusableException unusable ? unusable.OwnerMessage : e.Message, e);
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private static async Task<BenchFigures> MeasureAsync(EdgeSettings settings, StateDirectory state, string? model, BenchPlan plan, CancellationToken cancellation)
    {
        InferenceLibraries.Folder = settings.Libraries;
        var options = settings.NodeOptions(state.Root);
        var store = new ModelStore(options.ModelsDirectory);
        var chosen = model is null ? OnlyModel(store) : store.Find(model);
        var most = plan.Batches[^1];
        var isBusy = false;
        using var board = BoardRuntime.Open(settings.Board, state.Root, () => Volatile.Read(ref isBusy) ? 1 : 0, TimeProvider.System);
        board.Start();
        var models = options.ModelsOn(board.Board) with { Scheduler = options.Models.Scheduler with { MaxActive = most, IdleSlots = 0 } };
        await Console.Error.WriteLineAsync($"bench: loading {chosen.Name}");
        using var bench = await ModelBench.LoadAsync(store, chosen.Id, models, cancellation);
        foreach (var (provider, reason) in bench.Engine.Failed)
        {
            await Console.Error.WriteLineAsync($"bench: {provider} can't be used, {bench.Engine.Provider} computes instead: {reason}");
        }

        var batches = Array.FindAll(plan.Batches, b => b <= bench.MaxBatch);
        if (batches.Length < plan.Batches.Length)
        {
            await Console.Error.WriteLineAsync($"bench: the engine computes {bench.MaxBatch} answers at a time; more are left out");
        }

        Volatile.Write(ref isBusy, true);
        var bounds = new BenchOptions(plan.Prompt, plan.Tokens, () => board.Pace, BenchSession.EnergyOf(board));
        var session = new BenchSession(bench, board, bounds, Console.Error, cancellation);

        // Minutes of computing: a thread of its own keeps that off the pool, where signals are handled.
        return await Task.Factory.StartNew(
            () =>
            {
                var rows = session.Measure(batches, plan.Rounds);
                var soak = plan.Soak is { } duration ? session.Soak(batches[^1], duration) : null;
                return new BenchFigures(chosen, bench.Engine, bounds, rows, board.Board.Title, SourceOf(board), session.LowestPace, soak);
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private static void Show(BenchFigures figures, bool asJson)
    {
        if (!asJson)
        {
            figures.Print();
            return;
        }

        Output.Json(json =>
        {
            json.WriteStartObject();
            figures.Write(json);
            json.WriteEndObject();
        });
    }

    private static BenchPlan Plan(ParseResult result)
    {
        var report = result.GetValue(Report);
        var soak = result.GetValue(Soak) ?? (report is null ? null : ReportSoak);
        return new BenchPlan(
            SettingValue.List(result.GetValue(Batches) ?? "1,2,4,8").Integers(1, 256),
            Number(result.GetValue(Prompt), 256),
            Number(result.GetValue(Tokens), 64),
            Number(result.GetValue(Rounds), 3),
            soak is null ? null : new SettingValue(soak).Duration(),
            report);
    }

    private static int Number(string? given, int standard) => given is null ? standard : new SettingValue(given).Integer(1, int.MaxValue);

    private static StoredModel OnlyModel(ModelStore store)
    {
        var models = store.List().Where(m => m.Manifest is { Embedding: null, Adapter: null }).ToList();
        return models.Count == 1 ? models[0]
            : models.Count == 0 ? throw new CommandException($"There is no model that answers in {store.Folder}. Pull one with 'offlm-edge model pull'.")
            : throw new CommandException($"Which model? There are {string.Join(", ", models.Select(m => m.Name))}.");
    }

    private static string SourceOf(BoardRuntime board) => board.PowerSource switch
    {
        PowerSource.Rail => "rail",
        PowerSource.Rapl => "rapl",
        PowerSource.Simulated => "simulated",
        _ => "none",
    };

    /// <summary>An option that is checked when the command line is read, so that a wrong one is wrong usage.</summary>
    private static Option<string?> Text(string name, string help, string description, Action<SettingValue> check)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = help };
        option.Validators.Add(result =>
        {
            try
            {
                check(SettingValue.List(result.Tokens[0].Value));
            }
            catch (FormatException e)
            {
                result.AddError($"{name} is '{result.Tokens[0].Value}': {e.Message}.");
            }
        });
        return option;
    }

    /// <summary>What was asked for.</summary>
    private sealed record BenchPlan(int[] Batches, int Prompt, int Tokens, int Rounds, TimeSpan? Soak, string? Report);
}
