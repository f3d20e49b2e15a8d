using System.Diagnostics;
using OffLM.Edge.Bench.Boards;
using OffLM.Edge.Bench.Figures;
using OffLM.Edge.Board;
using OffLM.Edge.Board.Fan;
using OffLM.Edge.Board.Simulation;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Bench.Parts;

/// <summary>How a board is kept cool and within its budget, beside others' ways; on the simulator.</summary>
internal static class BoardPart
{
    private const double ResumeBelow = 80;
    private static readonly Unit Degrees = new(" °C", 2);

    public static Task<IReadOnlyList<Figure>> MeasureAsync(Workspace workspace, Effort effort)
    {
        using var folder = workspace.NewFolder();
        var docs = Path.Combine(workspace.Root, "docs");
        var table = new BoardTable();
        var (excess, share, power, fan) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        foreach (var scenario in from watts in (double[])[15, 25] from ambient in (double[])[25, 35, 45] select new Scenario(watts, ambient))
        {
            var ours = scenario.Governed(folder.File("."));
            var best = scenario.BestConstant().Outcome;
            var quiet = scenario.QuietTableAt(ours.TokensPerSecond);
            table.Add(scenario, "**the node**", ours, best);
            table.Add(scenario, "best constant pace", best, best);
            table.Add(scenario, "table 'quiet' at the node's throughput", quiet, best);
            table.Add(scenario, "table 'quiet', no governor", scenario.Ruled(NvidiaTables.Quiet, (_, _) => 1), best);
            table.Add(scenario, "table 'cool', no governor", scenario.Ruled(NvidiaTables.Cool, (_, _) => 1), best);
            table.Add(scenario, "table 'quiet', on/off", scenario.Ruled(NvidiaTables.Quiet, OnOff), best);
            excess.Add(Math.Max(0, ours.Hottest - Scenario.Limit));
            share.Add(ours.Tokens / best.Tokens);
            power.Add(ours.HighestWatts / scenario.Watts);
            fan.Add(ours.MeanDuty / quiet.MeanDuty);
            Plot(table, docs, FormattableString.Invariant($"board-{scenario.Watts:0}w-{scenario.Ambient:0}c.svg"), $"{scenario}, full load", ours);
        }

        var step = new Scenario(1000, 25).Governed(folder.File("."), demand: seconds => seconds is > 600 and < 2400 ? 1 : 0);
        Plot(table, docs, "board-step.svg", "Idle, full load, idle at 25 °C without a budget", step);
        table.Write(Path.Combine(docs, "board-figures.md"));
        var energy = Enumerable.Range(1, 3).Select(seed => EnergyHour.Run(folder.File("."), seed)).ToList();
        const string hour = "simulated Orin Nano, one hour of full load, worst of 15 and 25 W at 25, 35 and 45 °C; see board-figures.md";
        return Task.FromResult<IReadOnlyList<Figure>>(
        [
            Figure.AtMost(0.5, "over the limit", [excess.Max()], Degrees, hour),
            Figure.AtLeast(0.97, "tokens / best constant pace", [share.Min()], Unit.Percent, hour),
            Figure.AtMost(1.03, "worst ten seconds / budget", [power.Max()], Unit.Percent, hour),
            Figure.AtMost(1, "mean fan / NVIDIA's quiet table at the same throughput", [fan.Max()], Unit.Percent, hour),
            Figure.AtMost(1, "overshoot after a step to full load", [step.Hottest - (Scenario.Limit - FanProfile.Quiet.Margin)], Degrees, "simulated; above the temperature that the fan holds"),
            Figure.AtMost(2, "changes of the fan's direction a minute", [SteadyTurns(folder.File("."))], new Unit("", 2), "simulated; forty minutes of full load after twenty to settle"),
            Figure.AtMost(0.005, "control loop at 10 Hz, share of a core", TickShares(folder.File("."), effort), Unit.Percent, "every sensor of an Orin Nano's tree read from files in memory, all decisions; a real chip's bus is not in it"),
            Figure.AtMost(0.01, "joules unaccounted for", energy.Select(e => Math.Abs(e.Accounted - 1)), Unit.Percent, "simulated; attributed + idle against what was truly drawn, random hours of overlapping requests"),
            Figure.Plain("joules attributed / truly computed", energy.Select(e => e.Attributed), Unit.Percent, "the same hours; leakage of a warm chip is in the first, not in the second"),
        ]);
    }

    private static double OnOff(double before, double celsius) => celsius >= Scenario.Limit ? 0 : celsius < ResumeBelow ? 1 : before;

    private static void Plot(BoardTable table, string docs, string file, string title, Outcome outcome)
    {
        SvgPlot.Write(Path.Combine(docs, file), $"Simulated Orin Nano: {title}", outcome.Trace);
        table.AddPlot(title, file);
    }

    private static double SteadyTurns(string stateFolder)
    {
        const double minutes = 40;
        var hour = new Scenario(1000, 25);
        var (settling, all) = (hour.Governed(stateFolder, minutes: 20), hour.Governed(stateFolder, minutes: 20 + minutes));
        return (all.Turns - settling.Turns) / minutes;
    }

    /// <summary>Read and decide, on files that a simulated board left: its physics are not in the figure.</summary>
    private static IEnumerable<double> TickShares(string stateFolder, Effort effort)
    {
        const int ticks = 2000;
        var time = new ManualTime();
        using var simulated = new SimulatedBoard(SimulatedBoard.NewFolder("bench"), SimulationProfile.OrinNano, 25, 1, time);
        using var runtime = BoardRuntime.Open(new() { Name = "jetson-orin-nano", Sysfs = simulated.Root.Path }, stateFolder, () => 0.5, time);
        var shares = new List<double>();
        for (var round = 0; round <= effort.Rounds; round++)
        {
            var begun = Stopwatch.GetTimestamp();
            for (var tick = 0; tick < ticks; tick++)
            {
                time.Advance(BoardRuntime.Interval);
                runtime.Tick();
            }

            shares.Add(Stopwatch.GetElapsedTime(begun) / (ticks * BoardRuntime.Interval));
        }

        return shares.Skip(1);
    }
}
