namespace OffLM.Edge.Bench.Figures;

/// <summary>What was measured, once a round.</summary>
internal sealed class Distribution
{
    private readonly double[] _sorted;

    public Distribution(IEnumerable<double> values)
    {
        _sorted = [.. values.Order()];
        if (_sorted.Length == 0)
        {
            throw new ArgumentException("A distribution of nothing has no median.", nameof(values));
        }
    }

    public int Count => _sorted.Length;

    public double Minimum => _sorted[0];

    public double Maximum => _sorted[^1];

    public double Median => (_sorted[(_sorted.Length - 1) / 2] + _sorted[_sorted.Length / 2]) / 2;

    /// <summary>An interval that holds the true median with 95 % or more, whatever the noise looks like (order statistics: ranks k and
    /// n + 1 − k, where a fair coin thrown n times shows fewer than k heads in 2.5 % of all cases or less). Null for fewer than six values.</summary>
    public (double Low, double High)? MedianInterval
    {
        get
        {
            var k = 0;
            var (probability, tail) = (Math.Pow(0.5, Count), 0.0);
            while (tail + probability <= 0.025)
            {
                tail += probability;
                k++;
                probability *= (double)(Count - k + 1) / k;
            }

            return k == 0 ? null : (_sorted[k - 1], _sorted[Count - k]);
        }
    }
}
