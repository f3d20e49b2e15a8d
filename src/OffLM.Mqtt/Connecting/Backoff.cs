namespace OffLM.Mqtt.Connecting;

/// <summary>
/// How long to wait before the next attempt: doubling, and anywhere in the upper half of that, so that a fleet whose broker
/// restarted does not come back in step.
/// </summary>
internal sealed class Backoff(TimeSpan minimum, TimeSpan maximum, Func<double> random)
{
    /// <summary>
    /// A link was a good one when it held for so many times the pause before it. Two clients with one id, who throw each other out, see links
    /// that hold for as long as the other's pause, which by chance and one step more is up to four times the own.
    /// </summary>
    private const int GoodPauses = 8;

    private int _steps;
    private TimeSpan _last;

    public TimeSpan Next()
    {
        var full = Math.Min(maximum.TotalMilliseconds, minimum.TotalMilliseconds * Math.Pow(2, _steps));
        if (full < maximum.TotalMilliseconds)
        {
            _steps++;
        }

        return _last = TimeSpan.FromMilliseconds(full * (0.5 + (0.5 * random())));
    }

    /// <summary>A link that came about after the last pause held for so long. After a good one, or one that held for the longest pause, the pauses begin anew.</summary>
    public void Held(TimeSpan time)
    {
        if (time >= maximum || time >= _last * GoodPauses)
        {
            Reset();
        }
    }

    public void Reset() => _steps = 0;
}
