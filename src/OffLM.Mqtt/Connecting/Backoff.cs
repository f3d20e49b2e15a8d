namespace OffLM.Mqtt.Connecting;

/// <summary>
/// How long to wait before the next attempt: doubling, and anywhere in the upper half of that, so that a fleet whose broker
/// restarted does not come back in step.
/// </summary>
internal sealed class Backoff(TimeSpan minimum, TimeSpan maximum, Func<double> random)
{
    private int _steps;

    public TimeSpan Next()
    {
        var full = Math.Min(maximum.TotalMilliseconds, minimum.TotalMilliseconds * Math.Pow(2, _steps));
        if (full < maximum.TotalMilliseconds)
        {
            _steps++;
        }

        return TimeSpan.FromMilliseconds(full * (0.5 + (0.5 * random())));
    }

    public void Reset() => _steps = 0;
}
