using System.CommandLine;
using OffLM.Edge.Board.Reports;
using OffLM.Edge.Commands.Keys;
using OffLM.Edge.Configuration;
using OffLM.Edge.Hosting;
using OffLM.Edge.Inference;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing.Cards;
using OffLM.Edge.Work.Running;

namespace OffLM.Edge.Commands;

/// <summary><c>doctor</c>: looks at everything the node stands on, and says what each finding means.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var command = new Command("doctor", "Look at everything the node stands on, and say what to do.") { BoardCommand.Board };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CancellationToken cancellation)
    {
        var state = GlobalOptions.StateOf(result);
        var (settings, problems) = GlobalOptions.LoadSettings(result, BoardCommand.Given(result));
        var board = await BoardAsync(settings, state, cancellation);
        var findings = problems.Select(p => new Finding(Grade.Bad, "configuration", p.ToString()))
            .Concat(Node(state))
            .Concat(Libraries(settings))
            .Concat(ProviderFindings.Look(settings))
            .Concat(Models(settings, state))
            .Concat(KeyFindings.Look(settings, state, UsbCards.Open))
            .Concat(LedgerFindings(state))
            .Concat(Disk(settings, state))
            .Concat(Access(settings))
            .Append(Clock())
            .Concat(board)
            .ToList();
        await foreach (var finding in NetworkFindings.LookAsync(settings.Network, state, cancellation))
        {
            findings.Add(finding);
        }

        if (result.GetValue(GlobalOptions.Json))
        {
            WriteJson(findings);
        }
        else
        {
            foreach (var (grade, about, message) in findings)
            {
                Console.WriteLine($"{(grade switch { Grade.Good => "ok  ", Grade.Note => "note", _ => "BAD " })}  {about,-14}  {message}");
            }
        }

        return findings.Any(f => f.Grade == Grade.Bad) ? 1 : 0;
    }

    private static IEnumerable<Finding> Node(StateDirectory state)
    {
        using var node = ControlClient.Find(state);
        yield return node is null
            ? new(Grade.Note, "node", $"No node runs on {state.Root}.")
            : new(Grade.Good, "node", $"A node runs on {state.Root}.");
    }

    private static IEnumerable<Finding> Libraries(EdgeSettings settings)
    {
        var folder = settings.Libraries ?? AppContext.BaseDirectory;
        foreach (var library in (string[])["libonnxruntime.so.1", "libonnxruntime-genai.so"])
        {
            yield return File.Exists(Path.Combine(folder, library))
                ? new(Grade.Good, "libraries", $"{library} is in {folder}.")
                : new(Grade.Bad, "libraries", $"{library} is not in {folder}: no model can be loaded. Install the whole published folder, or set inference.libraries.");
        }
    }

    private static IEnumerable<Finding> Models(EdgeSettings settings, StateDirectory state)
    {
        var folder = settings.NodeOptions(state.Root).ModelsDirectory;
        if (!Directory.Exists(folder))
        {
            yield return new(Grade.Note, "models", $"{folder} is not there yet; the first start makes it.");
            yield break;
        }

        var store = new ModelStore(folder);
        var models = store.List();
        yield return models.Count > 0
            ? new(Grade.Good, "models", string.Join(", ", models.Select(m => $"{m.Name} ({Output.Size(m.Bytes)})")))
            : new(Grade.Bad, "models", $"There is no model in {folder}. Pull one with 'offlm-edge model pull'.");
        foreach (var problem in store.Problems())
        {
            yield return new(Grade.Bad, "models", problem);
        }
    }

    private static IEnumerable<Finding> LedgerFindings(StateDirectory state)
    {
        if (!File.Exists(state.Ledger))
        {
            yield return new(Grade.Note, "ledger", "There is none yet; the first start makes it.");
            yield break;
        }

        LedgerReport? report = null;
        KeyEvent? gap = null;
        string? problem = null;
        try
        {
            report = LedgerCheck.Paid(state.Ledger);
            using var reader = LedgerReader.Open(state.Ledger);
            gap = reader.CounterGap();
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerVersionException)
        {
            problem = e.Message;
        }

        if (problem is not null)
        {
            yield return new(Grade.Bad, "ledger", problem);
        }
        else if (report!.IsSound)
        {
            yield return new(Grade.Good, "ledger", $"{state.Ledger} is sound, as far as a quick check sees. 'offlm-edge ledger check' looks at every row.");
        }

        if (gap is not null)
        {
            yield return new(Grade.Bad, "ledger", LedgerRolledBackException.Describe(gap.Expected, gap.Found));
        }

        foreach (var finding in report?.Findings ?? [])
        {
            yield return new(Grade.Bad, "ledger", finding.ToString());
        }
    }

    private static IEnumerable<Finding> Disk(EdgeSettings settings, StateDirectory state)
    {
        var folder = Directory.Exists(state.Root) ? state.Root : Path.GetDirectoryName(state.Root)!;
        if (!Directory.Exists(folder))
        {
            yield break;
        }

        var free = new DriveInfo(folder).AvailableFreeSpace;
        yield return free >= (long)settings.MinimumFreeMebibytes << 20
            ? new(Grade.Good, "disk", $"{Output.Size(free)} are free where receipts are written.")
            : new(Grade.Bad, "disk", $"{Output.Size(free)} are free where receipts are written; {settings.MinimumFreeMebibytes} MiB are needed to take requests.");
    }

    private static IEnumerable<Finding> Access(EdgeSettings settings)
    {
        if (settings.ListensBeyondLoopback && settings.Lan.Open.Any(network => network.PrefixLength == 0))
        {
            yield return new(Grade.Bad, "access", "lan.open lets everybody in, also from the internet if a router forwards the port. Name your own network instead.");
        }

        yield return new(
            Grade.Good,
            "access",
            settings.ListensBeyondLoopback
                ? $"Listening on {string.Join(", ", settings.Lan.Listen)}: callers from other machines need an API key{(settings.Lan.Open.Count > 0 ? ", except from " + string.Join(", ", settings.Lan.Open) : "")}."
                : "Only programs on this machine can call. Set lan.listen to 0.0.0.0:11434 to serve the LAN.");
    }

    private static Finding Clock() => new NodeClock(TimeProvider.System).Now().Source switch
    {
        ClockSource.NetworkTime => new(Grade.Good, "clock", "Kept by network time."),
        ClockSource.HardwareClock => new(Grade.Note, "clock", "Not synchronised; a hardware clock keeps the time. Receipts say so."),
        _ => new(Grade.Note, "clock", "Not synchronised, and there is no hardware clock. Receipts say so; their order comes from their numbers."),
    };

    private static async Task<IEnumerable<Finding>> BoardAsync(EdgeSettings settings, StateDirectory state, CancellationToken cancellation)
    {
        try
        {
            using var board = await BoardCommand.ReadAsync(settings.Board, state, cancellation);
            return [.. BoardFindings.Of(board.Sensors).Select(f => new Finding(f.IsGood ? Grade.Good : Grade.Note, "board", f.Message))];
        }
        catch (CommandException e)
        {
            return [new(Grade.Bad, "board", e.Message)];
        }
    }

    private static void WriteJson(List<Finding> findings) => Output.Json(json =>
    {
        json.WriteStartObject();
        json.WriteBoolean("ok", findings.All(f => f.Grade != Grade.Bad));
        json.WriteStartArray("findings");
        foreach (var (grade, about, message) in findings)
        {
            json.WriteStartObject();
            json.WriteString("grade", grade.ToString().ToLowerInvariant());
            json.WriteString("about", about);
            json.WriteString("message", message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });
}
