using OffLM.Edge.Board.Sensors;

namespace OffLM.Edge.Board.Governing;

/// <summary>
/// The slow lever beside the pace: a GPU at a lower clock and voltage gives more tokens for a joule than a fast one that rests half the
/// time. When the pace stays low the clock's cap goes down a step, and up again when there is room for a while.
/// </summary>
public sealed class ClockLever(GpuClock gpu, double highestMegahertz)
{
    /// <summary>Below this mean pace the clock goes down.</summary>
    private const double LowPace = 0.7;

    /// <summary>Above this mean pace it goes up.</summary>
    private const double HighPace = 0.985;

    private const double MeanSeconds = 40;

    /// <summary>Between two steps down, and twice that before one up.</summary>
    private const double StepSeconds = 60;

    /// <summary>Not below this share of the highest clock: prefill would suffer.</summary>
    private const double LowestShare = 0.5;

    private double _mean = 1;
    private double _since;
    private int _index = gpu.Steps.Count - 1;

    /// <summary>True while the clock is capped.</summary>
    public bool IsCapping => _index < gpu.Steps.Count - 1;

    /// <summary>Takes the pace of this moment.</summary>
    /// <param name="pace">Share of time that may be spent computing.</param>
    /// <param name="isBusy">Only a busy board says that the pace is too low, or enough.</param>
    /// <param name="seconds">Since the last call.</param>
    /// <returns>The ratio of the new clock to the old; 1 if nothing changed.</returns>
    public double Step(double pace, bool isBusy, double seconds)
    {
        if (!isBusy)
        {
            return 1;
        }

        _mean += (pace - _mean) * Math.Min(1, seconds / MeanSeconds);
        _since += seconds;
        return _mean < LowPace && _since >= StepSeconds ? Move(-1) : _mean > HighPace && _since >= 2 * StepSeconds ? Move(1) : 1;
    }

    private double Move(int by)
    {
        var next = _index + by;
        if (next < 0 || next >= gpu.Steps.Count || gpu.Steps[next] < LowestShare * highestMegahertz * 1e6 || !gpu.TryCap(gpu.Steps[next]))
        {
            return 1;
        }

        var ratio = gpu.Steps[next] / (double)gpu.Steps[_index];
        (_index, _since) = (next, 0);
        return ratio;
    }
}
