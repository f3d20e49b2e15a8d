using System.Globalization;
using OffLM.Edge.Bench.Figures;
using OffLM.Edge.Bench.Ledgers;
using OffLM.Edge.Bench.Nodes;

namespace OffLM.Edge.Bench.Parts;

/// <summary>How small the program is, and how soon it is there.</summary>
internal static class StartPart
{
    /// <summary>How long after it was healthy its memory is looked at again: by then the key is unlocked and the ledger checked.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(3);

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Workspace workspace, Effort effort)
    {
        var receipts = effort.Size(1_000_000, 20_000);
        using var empty = workspace.NewFolder();
        await (await RunningNode.StartAsync(workspace, empty.Path)).DisposeAsync();
        var large = await SignedLedger.StateAsync(workspace, $"ledger-{receipts}", receipts, paid: false);

        var (firstAnswers, resident, proportional) = (new List<double>(), new List<double>(), new List<double>());
        var starts = await Alternation.RunAsync(
            effort.Rounds,
            async round =>
            {
                await using var node = await RunningNode.StartAsync(workspace, empty.Path);
                var atFirst = Memory(node.ProcessId, "status", "VmRSS:");
                await Task.Delay(Settled);
                if (round >= 0)
                {
                    firstAnswers.Add(node.Times.FirstAnswer.TotalSeconds);
                    resident.Add(Math.Max(atFirst, Memory(node.ProcessId, "status", "VmRSS:")));
                    proportional.Add(Memory(node.ProcessId, "smaps_rollup", "Pss:"));
                }

                return node.Times.Healthy.TotalSeconds;
            },
            async _ =>
            {
                await using var node = await RunningNode.StartAsync(workspace, large);
                return node.Times.Healthy.TotalSeconds;
            });
        var million = receipts.ToString("N0", CultureInfo.InvariantCulture);
        return
        [
            Figure.AtMost(20e6, "published program", [new FileInfo(workspace.Program).Length], Unit.Megabytes, "size of `offlm-edge`, compiled ahead of time, without native libraries"),
            Figure.AtMost(0.1, "start to healthy, empty ledger", starts.Baseline, Unit.Milliseconds, "from before the process is made until `/healthz` answers 200; state directory initialised before, files in the page cache"),
            Figure.Plain("start to first HTTP answer, empty ledger", firstAnswers, Unit.Milliseconds, "likewise, until any answer, be it 503"),
            Figure.AtMost(1, $"start to healthy, {million} receipts", starts.Ours, Unit.Milliseconds, "likewise, on a ledger with as many receipts in signed batches; in turn with the empty one"),
            Figure.AtMost(40e6, "resident before the first model", resident, Unit.Megabytes, $"VmRSS, the larger of when healthy and {Settled.TotalSeconds:F0} s later, empty ledger"),
            Figure.Plain("proportional share before the first model", proportional, Unit.Megabytes, $"PSS {Settled.TotalSeconds:F0} s after healthy, which counts shared pages in parts"),
        ];
    }

    /// <summary>A field of a process's account in bytes; the kernel gives it in KiB.</summary>
    private static double Memory(int process, string file, string field)
    {
        var line = File.ReadLines($"/proc/{process}/{file}").First(l => l.StartsWith(field, StringComparison.Ordinal));
        return 1024 * double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
