namespace OffLM.Mqtt.Publishing;

/// <summary>How much may be under way at once. One waits for its place at a time; any thread gives places back.</summary>
internal sealed class PublishWindow
{
    /// <summary>
    /// Of messages that are under way together; a larger one goes alone. It keeps links busy that carry a megabyte a second over a
    /// tenth of a second, and bounds what the library leaks when a link breaks in the middle of much (see <see cref="Publisher"/>).
    /// </summary>
    private const long MaximumBytes = 128 * 1024;

    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiting;
    private long _waitingBytes;
    private int _limit;
    private int _used;
    private long _bytes;

    /// <summary>Takes a place as soon as there is one.</summary>
    public Task EnterAsync(long bytes, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (TryTake(bytes))
            {
                return Task.CompletedTask;
            }

            (_waiting, _waitingBytes) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), bytes);
            return _waiting.Task.WaitAsync(cancellation);
        }
    }

    public void Leave(long bytes)
    {
        lock (_gate)
        {
            _used--;
            _bytes -= bytes;
            Admit();
        }
    }

    /// <summary>Sets how many messages may be under way.</summary>
    public void SetLimit(int limit)
    {
        lock (_gate)
        {
            _limit = limit;
            Admit();
        }
    }

    private void Admit()
    {
        if (_waiting is not null && TryTake(_waitingBytes))
        {
            _waiting.SetResult();
            _waiting = null;
        }
    }

    private bool TryTake(long bytes)
    {
        if (_used >= _limit || (_used > 0 && _bytes + bytes > MaximumBytes))
        {
            return false;
        }

        _used++;
        _bytes += bytes;
        return true;
    }
}
