using System.Diagnostics;
using OffLM.Edge.Bench.Figures;
using OffLM.Edge.Bench.Ledgers;
using OffLM.Edge.Metering;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Bench.Parts;

/// <summary>What a durable receipt costs, measured in fdatasyncs of the same disk.</summary>
internal static class LedgerPart
{
    private const int Appenders = 64;

    /// <summary>A node has rested before it is asked something: meanwhile the ledger makes room for its log, as the baseline's file has it.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(2);

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Workspace workspace, Effort effort)
    {
        using var folder = workspace.NewFolder();
        using var sync = new DiskSync(folder.File("sync"));
        using var ledger = Ledger.Open(folder.File("ledger.db"), TimeProvider.System);
        var tariff = await Receipts.AddTariffAsync(ledger);
        await Task.Delay(Rest);
        return [.. await TogetherAsync(effort, sync, ledger, tariff), .. await AloneAsync(effort, sync, ledger, tariff)];
    }

    private static async Task<IEnumerable<Figure>> TogetherAsync(Effort effort, DiskSync sync, Ledger ledger, Bytes32 tariff)
    {
        var syncs = effort.Size(500, 100);
        var each = effort.Size(32, 8);
        var rates = await Alternation.RunAsync(
            effort.Rounds,
            _ => Task.FromResult(syncs / Enumerable.Range(0, syncs).Sum(_ => sync.WriteAndSync())),
            async _ =>
            {
                var holds = await Receipts.HoldAsync(ledger, tariff, Appenders * each);
                var begun = Stopwatch.GetTimestamp();
                await Task.WhenAll(holds.Chunk(each).Select(async own =>
                {
                    foreach (var hold in own)
                    {
                        await ledger.AppendAsync(hold.Request, Receipts.NewClosing());
                    }
                }));
                return Appenders * each / Stopwatch.GetElapsedTime(begun).TotalSeconds;
            });
        var how = $"{Appenders} appenders, each with {each} durable holds, append one receipt after the other and wait for each; baseline: {syncs} × 4 KiB written and fdatasynced in the same folder";
        return
        [
            Figure.AtLeast(5, "receipts appended / fdatasyncs, in the same time", rates.Ratios, Unit.Times, how),
            Figure.Plain("receipts appended by 64 appenders", rates.Ours, Unit.PerSecond, "as above"),
            Figure.Plain("fdatasyncs", rates.Baseline, Unit.PerSecond, "as above"),
        ];
    }

    private static async Task<IEnumerable<Figure>> AloneAsync(Effort effort, DiskSync sync, Ledger ledger, Bytes32 tariff)
    {
        var pairs = effort.Size(100, 30);
        var (ratios, synced, appended) = (new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < effort.Rounds; round++)
        {
            var holds = await Receipts.HoldAsync(ledger, tariff, pairs);
            var times = await Alternation.RunAsync(
                pairs - 1,
                _ => Task.FromResult(sync.WriteAndSync()),
                async i =>
                {
                    var begun = Stopwatch.GetTimestamp();
                    await ledger.AppendAsync(holds[i + 1].Request, Receipts.NewClosing());
                    return Stopwatch.GetElapsedTime(begun).TotalSeconds;
                });
            synced.Add(new Distribution(times.Baseline).Median);
            appended.Add(new Distribution(times.Ours).Median);
            ratios.Add(appended[^1] / synced[^1]);
        }

        var how = $"medians of {pairs - 1} pairs a round, one append and one fdatasync in turn";
        return
        [
            Figure.AtMost(2, "one append / one fdatasync", ratios, Unit.Times, how),
            Figure.Plain("one append", appended, Unit.FineMilliseconds, "until it is durable, nothing else going on"),
            Figure.Plain("one fdatasync", synced, Unit.FineMilliseconds, "4 KiB"),
        ];
    }
}
