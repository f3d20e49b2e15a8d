namespace OffLM.Edge.Lan.Metrics;

/// <summary>Counts values in fixed ranges. Not thread-safe: its owner locks.</summary>
/// <param name="bounds">Upper bounds, rising, each belonging to its own range; what is above the last has a range too.</param>
internal sealed class Histogram(double[] bounds)
{
    public double[] Bounds => bounds;

    /// <summary>How many values fell into each range, one more than there are bounds.</summary>
    public long[] Counts { get; } = new long[bounds.Length + 1];

    public double Sum { get; private set; }

    public void Add(double value)
    {
        var range = Array.BinarySearch(bounds, value);
        Counts[range >= 0 ? range : ~range]++;
        Sum += value;
    }
}
