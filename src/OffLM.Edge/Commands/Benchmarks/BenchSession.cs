using System.Diagnostics;
using OffLM.Edge.Board;
using OffLM.Edge.Board.Reports;
using OffLM.Edge.Board.Sensors;
using OffLM.Edge.Inference;

namespace OffLM.Edge.Commands.Benchmarks;

/// <summary>Measures one model on a board that stays under control: its fan, its limits and its meter work as in a node.</summary>
internal sealed class BenchSession(ModelBench bench, BoardRuntime board, BenchOptions options, TextWriter progress, CancellationToken cancellation)
{
    private readonly Dictionary<string, BoardReport.Zone> _highest = [];

    /// <summary>The least that the board has allowed since the beginning, or since the soak's.</summary>
    public double LowestPace { get; private set; } = 1;

    /// <summary>Says how the energy of what is measured is counted; null where nothing measures.</summary>
    public static Func<Func<double>>? EnergyOf(BoardRuntime board) => board.PowerSource == PowerSource.None ? null : () =>
    {
        var account = board.Energy.Open();
        return () => account.Close() / 1e6;
    };

    /// <summary>Medians of some rounds, for each number of answers; one round before is not counted.</summary>
    public List<BenchRound> Measure(IReadOnlyList<int> batches, int rounds)
    {
        progress.WriteLine("bench: warming up");
        Round(batches[0]);
        var rows = new List<BenchRound>();
        foreach (var batch in batches)
        {
            var measured = new List<BenchRound>();
            for (var round = 1; round <= rounds; round++)
            {
                progress.WriteLine($"bench: {batch} {(batch == 1 ? "answer" : "answers")} at a time, round {round} of {rounds}");
                measured.Add(Round(batch));
            }

            rows.Add(new BenchRound(
                batch, Median(measured, r => r.Prefill), Median(measured, r => r.Decode), TimeSpan.FromSeconds(Median(measured, r => r.FirstToken.TotalSeconds)),
                options.Energy is null ? null : Median(measured, r => r.PrefillJoules ?? 0), options.Energy is null ? null : Median(measured, r => r.DecodeJoules ?? 0)));
        }

        return rows;
    }

    /// <summary>Computes for some time, and sees how warm that gets.</summary>
    public BenchSoak Soak(int batch, TimeSpan duration)
    {
        progress.WriteLine(FormattableString.Invariant($"bench: {duration.TotalSeconds:0} s of {batch} answers at a time, to see how warm it gets"));
        var before = LowestPace;
        LowestPace = 1;
        _highest.Clear();
        var (begun, tokens) = (Stopwatch.GetTimestamp(), 0L);
        while (Stopwatch.GetElapsedTime(begun) < duration)
        {
            Round(batch);
            tokens += (long)batch * options.NewTokens;
        }

        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        var soak = new BenchSoak(seconds, batch, tokens / seconds, LowestPace, [.. _highest.Values]);
        LowestPace = Math.Min(before, LowestPace);
        return soak;
    }

    private BenchRound Round(int batch)
    {
        var measured = bench.Measure(batch, options, cancellation);
        LowestPace = Math.Min(LowestPace, board.Pace);
        foreach (var zone in board.Report().Zones)
        {
            if (zone.Celsius is { } celsius && (!_highest.TryGetValue(zone.Name, out var known) || celsius > known.Celsius))
            {
                _highest[zone.Name] = zone;
            }
        }

        return measured;
    }

    private static double Median(List<BenchRound> rounds, Func<BenchRound, double> value)
    {
        var sorted = new double[rounds.Count];
        for (var i = 0; i < sorted.Length; i++)
        {
            sorted[i] = value(rounds[i]);
        }

        Array.Sort(sorted);
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
