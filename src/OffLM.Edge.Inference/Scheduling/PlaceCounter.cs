namespace OffLM.Edge.Inference;

/// <summary>The places to run and wait in, and a guess when one will be free.</summary>
internal sealed class PlaceCounter(int maxActive, int maxWaiting)
{
    /// <summary>Used until a generation has ended.</summary>
    private const double FirstGuessSeconds = 5;

    /// <summary>The newest generation's weight in the average.</summary>
    private const double Weight = 0.2;

    private const double LongestRetrySeconds = 300;

    private readonly Lock _gate = new();
    private double _averageSeconds = FirstGuessSeconds;
    private int _taken;

    internal int Taken => Volatile.Read(ref _taken);

    /// <exception cref="QueueFullException"/>
    internal void Take()
    {
        lock (_gate)
        {
            if (_taken >= maxActive + maxWaiting)
            {
                // Places become free at about the rate at which active generations end.
                var seconds = Math.Clamp(_averageSeconds / maxActive, 1, LongestRetrySeconds);
                throw new QueueFullException(maxActive + maxWaiting, TimeSpan.FromSeconds(Math.Ceiling(seconds)));
            }

            _taken++;
        }
    }

    /// <param name="duration">How long the generation ran, or null if the place was not used.</param>
    internal void GiveBack(TimeSpan? duration)
    {
        lock (_gate)
        {
            _taken--;
            if (duration is { } d)
            {
                _averageSeconds += Weight * (d.TotalSeconds - _averageSeconds);
            }
        }
    }
}
