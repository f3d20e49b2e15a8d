namespace OffLM.Edge.Bench.Figures;

/// <summary>
/// Baseline and ours in turn, A B A B: what slows the machine down for a while slows both down. Each round is one pair.
/// </summary>
/// <param name="Baseline">One value a round.</param>
/// <param name="Ours">One value a round.</param>
internal sealed record Alternation(IReadOnlyList<double> Baseline, IReadOnlyList<double> Ours)
{
    /// <summary>Ours for each baseline of the same round.</summary>
    public IEnumerable<double> Ratios => Ours.Zip(Baseline, (ours, baseline) => ours / baseline);

    /// <summary>Ours minus the baseline of the same round.</summary>
    public IEnumerable<double> Differences => Ours.Zip(Baseline, (ours, baseline) => ours - baseline);

    /// <summary>Measures both in turn, after one round that doesn't count: caches, connections and compiled code are then warm for both.</summary>
    /// <param name="rounds">Pairs.</param>
    /// <param name="baseline">Measures the baseline in the round of that number, from 0; −1 is the round that doesn't count.</param>
    /// <param name="ours">Likewise, ours.</param>
    public static async Task<Alternation> RunAsync(int rounds, Func<int, Task<double>> baseline, Func<int, Task<double>> ours)
    {
        var (a, b) = (new List<double>(rounds), new List<double>(rounds));
        for (var round = -1; round < rounds; round++)
        {
            var (valueA, valueB) = (await baseline(round), await ours(round));
            if (round >= 0)
            {
                a.Add(valueA);
                b.Add(valueB);
            }
        }

        return new(a, b);
    }
}
