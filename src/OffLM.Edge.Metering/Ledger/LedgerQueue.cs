namespace OffLM.Edge.Metering;

/// <summary>What waits for the writer, in order. Any thread adds; the writer's takes all there is in one step.</summary>
internal sealed class LedgerQueue
{
    private readonly object _gate = new();
    private readonly Queue<LedgerOperation> _waiting = [];
    private bool _closed;
    private bool _writerWaits;

    /// <returns>False once the queue is closed: the operation is not taken.</returns>
    public bool TryAdd(LedgerOperation operation)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return false;
            }

            _waiting.Enqueue(operation);
            Wake();
            return true;
        }
    }

    /// <summary>Takes nothing more; what waits is still handed out.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Wake();
        }
    }

    /// <summary>Waits until something is there, and takes it in its order; takes nothing if the time runs out.</summary>
    /// <param name="taken">Where it goes.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="patience">How long to wait.</param>
    /// <returns>False once the queue is closed and empty.</returns>
    public bool Take(List<LedgerOperation> taken, int limit, TimeSpan patience)
    {
        lock (_gate)
        {
            while (_waiting.Count == 0)
            {
                if (_closed)
                {
                    return false;
                }

                _writerWaits = true;
                if (!Monitor.Wait(_gate, patience) && _waiting.Count == 0)
                {
                    _writerWaits = false;
                    return true;
                }
            }

            while (taken.Count < limit && _waiting.TryDequeue(out var operation))
            {
                taken.Add(operation);
            }

            return true;
        }
    }

    private void Wake()
    {
        if (_writerWaits)
        {
            _writerWaits = false;
            Monitor.Pulse(_gate);
        }
    }
}
