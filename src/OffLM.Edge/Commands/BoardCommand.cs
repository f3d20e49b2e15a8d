using System.CommandLine;
using System.Globalization;
using OffLM.Edge.Board;
using OffLM.Edge.Board.Boards;
using OffLM.Edge.Board.Reports;
using OffLM.Edge.Hosting;

namespace OffLM.Edge.Commands;

/// <summary><c>board</c>: the machine's temperatures, power and fan.</summary>
internal static class BoardCommand
{
    /// <summary>Energy counters give power only between two readings.</summary>
    private static readonly TimeSpan BetweenReadings = TimeSpan.FromMilliseconds(200);

    /// <summary>Which board to take this machine for.</summary>
    public static readonly Option<string?> Board = new("--board")
    {
        Description = "The board to take this machine for, or a board file's path (board.name).",
        HelpName = "NAME",
    };

    public static Command Create()
    {
        var show = new Command("show", "Show what the board says about itself, what it lacks, and what that means.") { Board };
        show.SetAction(ShowAsync);
        var release = new Command("release", "Give fan and clocks back to the system after the node was killed; systemd runs this as ExecStopPost.");
        release.SetAction(Release);
        return new Command("board", "See temperatures, power and fan.") { show, release };
    }

    /// <summary>The option as a setting.</summary>
    public static Dictionary<string, string> Given(ParseResult result) =>
        result.GetValue(Board) is { } board ? new() { ["board.name"] = board } : [];

    /// <summary>A board with its first readings taken.</summary>
    /// <exception cref="CommandException">The board can't be had.</exception>
    public static async Task<OpenBoard> ReadAsync(BoardOptions options, StateDirectory state, CancellationToken cancellation)
    {
        try
        {
            var board = BoardRuntime.Look(options, state.Root, TimeProvider.System);
            board.Sensors.Read();
            if (board.Sensors.Counters.Count > 0)
            {
                await Task.Delay(BetweenReadings, cancellation);
                board.Sensors.Read();
            }

            return board;
        }
        catch (BoardException e)
        {
            throw new CommandException(e.Message, e);
        }
    }

    private static async Task<int> ShowAsync(ParseResult result, CancellationToken cancellation)
    {
        using var board = await ReadAsync(GlobalOptions.SettingsOf(result, Given(result)).Board, GlobalOptions.StateOf(result), cancellation);
        var report = BoardReport.Of(board.Sensors);
        if (result.GetValue(GlobalOptions.Json))
        {
            Output.Json(report.Write);
        }
        else
        {
            Print(report);
            Console.WriteLine();
            foreach (var finding in BoardFindings.Of(board.Sensors))
            {
                Console.WriteLine($"{(finding.IsGood ? "ok  " : "note")}  {finding.Message}");
            }
        }

        return 0;
    }

    private static int Release(ParseResult result)
    {
        var state = GlobalOptions.StateOf(result);
        using var exclusive = Directory.Exists(state.Root) ? state.TryLock() : null;
        if (exclusive is null && Directory.Exists(state.Root))
        {
            throw new CommandException($"A node runs on {state.Root} and controls the board. It gives everything back when it ends.");
        }

        var done = exclusive is null ? [] : BoardRuntime.Release(state.Root);
        foreach (var line in done.DefaultIfEmpty("Nothing was taken from the system."))
        {
            Console.WriteLine(line);
        }

        return 0;
    }

    private static void Print(BoardReport report) => Output.Pairs(
    [
        ("board", report.Board + (report.Simulated ? " (simulated)" : "")),
        .. report.Zones.ToList().ConvertAll(z => ($"{z.Name}", $"{Number(z.Celsius, "°C")}{(z.Limit is null ? "" : $", limit {Number(z.Limit, "°C")}")}")),
        .. report.Rails.ToList().ConvertAll(r => (r.Name, Number(r.Milliwatts, "mW"))),
        ("total", Number(report.TotalMilliwatts, "mW")),
        ("fan", report.Fan is { } fan ? $"{Number(fan.Duty * 100, "%")}, {Number(fan.Rpm, "rpm")}" : "none"),
        ("power mode", report.PowerMode ?? "none"),
        ("gpu", report.Gpu is { } gpu ? $"{Number(gpu.Megahertz, "MHz")}, load {Number(gpu.Load * 100, "%")}" : "none"),
    ]);

    private static string Number(double? value, string unit) =>
        value is { } number ? string.Create(CultureInfo.InvariantCulture, $"{number:0.#} {unit}") : "no reading";
}
