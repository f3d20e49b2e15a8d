namespace OffLM.Mqtt.Connecting;

/// <summary>Remembers that something happened until it is asked about.</summary>
internal sealed class AsyncSignal
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _set = New();

    public void Set()
    {
        lock (_gate)
        {
            _set.TrySetResult();
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            if (_set.Task.IsCompleted)
            {
                _set = New();
            }
        }
    }

    public Task Happened
    {
        get
        {
            lock (_gate)
            {
                return _set.Task;
            }
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
