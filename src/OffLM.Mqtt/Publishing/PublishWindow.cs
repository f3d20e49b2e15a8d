namespace OffLM.Mqtt.Publishing;

/// <summary>How many messages may be under way at once. One waits for a place at a time; any thread gives places back.</summary>
internal sealed class PublishWindow
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiting;
    private int _limit;
    private int _used;

    /// <summary>Takes a place as soon as one is free.</summary>
    public Task EnterAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_used < _limit)
            {
                _used++;
                return Task.CompletedTask;
            }

            _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _waiting.Task.WaitAsync(cancellation);
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            _used--;
            Admit();
        }
    }

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
        if (_waiting is not null && _used < _limit)
        {
            _used++;
            _waiting.SetResult();
            _waiting = null;
        }
    }
}
