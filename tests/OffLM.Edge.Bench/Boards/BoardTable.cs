using System.Globalization;
using System.Text;

namespace OffLM.Edge.Bench.Boards;

/// <summary>The comparison of ways to keep a board cool, and the plots beside it, under <c>docs/</c>.</summary>
internal sealed class BoardTable
{
    private const string Head =
        """
        # Keeping a board cool: the comparison

        Written by `scripts/bench board`. **Everything here is simulated**, by the model in `src/OffLM.Edge.Board/Simulation`, which takes its
        figures from public data of an Orin Nano; nothing was measured on hardware. Each row is one hour of full load with a limit of 90 °C. "Best constant"
        is the highest constant pace, at the highest clock, that holds limit and budget with the quiet profile's fastest fan, found by search; the node may
        do better because it lowers the clock where the pace would stay low. The tables are NVIDIA's, as published;
        "no governor" leaves heat to the kernel's throttling at 95 °C and knows no budget; "on/off" stops at 90 °C and goes on at 80 °C.

        | scenario | how | tokens/s | of best constant | over the limit | worst 10 s / budget | mean fan |
        | --- | --- | --- | --- | --- | --- | --- |

        """;

    private readonly StringBuilder _text = new(Head);
    private readonly StringBuilder _plots = new();

    public void Add(Scenario scenario, string how, Outcome outcome, Outcome best) => _text.Append(
        CultureInfo.InvariantCulture,
        $"| {scenario} | {how}{(outcome.SwitchedOff ? " (switched off)" : "")} | {outcome.TokensPerSecond:0.0} | {outcome.Tokens / best.Tokens:P1} | {Math.Max(0, outcome.Hottest - Scenario.Limit):0.00} °C | {outcome.HighestWatts / scenario.Watts:P1} | {outcome.MeanDuty:P0} |\n");

    public void AddPlot(string title, string file) => _plots.Append(CultureInfo.InvariantCulture, $"\n![{title}]({file})\n");

    public void Write(string path) => File.WriteAllText(path, $"{_text}{_plots}");
}
