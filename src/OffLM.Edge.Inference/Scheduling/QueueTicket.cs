namespace OffLM.Edge.Inference;

/// <summary>A place to run or wait in.</summary>
public sealed class QueueTicket : IDisposable
{
    private readonly GenerationScheduler _scheduler;
    private int _used;

    internal QueueTicket(GenerationScheduler scheduler) => _scheduler = scheduler;

    /// <summary>Uses the place. A guided request compiles its grammar here, on the caller's thread: up to a second with a large vocabulary.</summary>
    /// <param name="request">What to continue.</param>
    /// <param name="confirmed">False to compute the prompt but choose no token before <see cref="Generation.Confirm"/>: for a caller who still
    /// has to find out whether, and how much, it may answer.</param>
    /// <exception cref="ArgumentException">The request is out of range; says what, and what is allowed. The ticket can be used again.</exception>
    /// <exception cref="InvalidGuidanceException">The schema can't be enforced. The ticket can be used again.</exception>
    /// <exception cref="ObjectDisposedException">The model is being unloaded.</exception>
    public Generation Start(GenerationRequest request, bool confirmed = true)
    {
        if (Interlocked.Exchange(ref _used, 1) == 1)
        {
            throw new InvalidOperationException("This place in the queue was used or given back; reserve another.");
        }

        try
        {
            return _scheduler.Start(request, confirmed);
        }
        catch
        {
            Volatile.Write(ref _used, 0);
            throw;
        }
    }

    /// <summary>Gives the place back if it was not used.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _used, 1) == 0)
        {
            _scheduler.GiveBack();
        }
    }
}
