using OffLM.Edge.Inference;

namespace OffLM.Edge.Work.Running;

/// <summary>
/// The share of time that decode loops compute: what heats the board. An engine's time is known when a step ends; a step that is longer than
/// the time between two questions is spread over the questions that follow.
/// </summary>
internal sealed class DecodeLoad(TimeProvider time)
{
    private ModelHost? _models;
    private TimeSpan _counted;
    private TimeSpan _pending;
    private long _askedAt = time.GetTimestamp();

    /// <summary>Says whose loops.</summary>
    public void Watch(ModelHost models) => Volatile.Write(ref _models, models);

    /// <summary>Since the last question, 0 to 1. For one asker.</summary>
    public double Share()
    {
        var now = time.GetTimestamp();
        var elapsed = time.GetElapsedTime(_askedAt, now);
        if (Volatile.Read(ref _models) is not { } models || elapsed <= TimeSpan.Zero)
        {
            return 0;
        }

        _askedAt = now;
        var computed = models.Loaded.Aggregate(TimeSpan.Zero, (sum, model) => sum + model.Statistics.InEngine);

        // A model that was unloaded takes its count with it.
        _pending += computed > _counted ? computed - _counted : TimeSpan.Zero;
        _counted = computed;
        var share = Math.Min(1, _pending / elapsed);
        _pending -= elapsed * share;
        return share;
    }
}
