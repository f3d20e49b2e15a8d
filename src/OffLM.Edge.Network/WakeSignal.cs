namespace OffLM.Edge.Network;

/// <summary>Lets one loop sleep until something happens or a time has passed. What happens while nobody waits is not lost.</summary>
internal sealed class WakeSignal(TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _signal = new(0);

    /// <summary>True if the next wait ends at once.</summary>
    public bool IsSet => _signal.CurrentCount > 0;

    public void Set()
    {
        if (_signal.CurrentCount == 0)
        {
            _signal.Release();
        }
    }

    /// <param name="atMost">How long to wait; null for no end.</param>
    /// <param name="cancellation">Ends the wait with an exception.</param>
    /// <returns>False if the time passed and nothing happened.</returns>
    public async Task<bool> WaitAsync(TimeSpan? atMost, CancellationToken cancellation)
    {
        if (atMost is not { } limit)
        {
            await _signal.WaitAsync(cancellation);
            return true;
        }

        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            await _signal.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    public void Dispose() => _signal.Dispose();
}
