namespace OffLM.Edge.Inference;

/// <summary>Who may enter a decode loop, and who is in it: the places, those who wait in the order in which they came, and those who are active.</summary>
/// <param name="maxActive">Generations that may be active together.</param>
/// <param name="maxWaiting">Places to wait in.</param>
internal sealed class AdmissionQueue(int maxActive, int maxWaiting)
{
    private readonly Lock _gate = new();
    private readonly PlaceCounter _places = new(maxActive, maxWaiting);
    private readonly List<GenerationRun> _waiting = [];
    private readonly List<GenerationRun> _active = [];
    private volatile bool _closed;

    /// <summary>True once nobody is let in any more.</summary>
    internal bool IsClosed => _closed;

    /// <summary>Those who are in. Only the decode thread changes it, so that it may read it as it is.</summary>
    internal List<GenerationRun> Active => _active;

    /// <summary>How many are in; from any thread.</summary>
    internal int ActiveCount
    {
        get
        {
            lock (_gate)
            {
                return _active.Count;
            }
        }
    }

    /// <summary>Places that are taken: by those who are in, by those who wait, and by tickets that are not used yet.</summary>
    internal int Taken => _places.Taken;

    /// <summary>Takes a place for somebody who may come.</summary>
    /// <exception cref="QueueFullException">All are taken; says when to try again.</exception>
    internal void Reserve() => _places.Take();

    /// <summary>Gives back the place of somebody who didn't come.</summary>
    internal void GiveBack() => _places.GiveBack(duration: null);

    /// <summary>Lets somebody wait, in a place that was reserved.</summary>
    /// <returns>False if it is closed: the place is still reserved.</returns>
    internal bool TryEnter(GenerationRun run)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _waiting.Add(run);
            }

            return !_closed;
        }
    }

    /// <summary>Lets the first who waits in, if one more may be active.</summary>
    internal GenerationRun? Admit()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0 || _active.Count >= maxActive)
            {
                return null;
            }

            var run = _waiting[0];
            _waiting.RemoveAt(0);
            _active.Add(run);
            if (_active.Count > 1)
            {
                _active.ForEach(r => r.RanAlone = false);
            }

            return run;
        }
    }

    /// <summary>Somebody who was cancelled, in the loop or in the queue; to be followed by <see cref="Leave"/>.</summary>
    internal GenerationRun? FindCancelled()
    {
        lock (_gate)
        {
            return _active.FindLast(IsCancelled) ?? _waiting.Find(IsCancelled);
        }
    }

    /// <summary>Takes somebody out, and frees the place.</summary>
    internal void Leave(GenerationRun run)
    {
        lock (_gate)
        {
            if (!_active.Remove(run))
            {
                _waiting.Remove(run);
            }
        }

        _places.GiveBack(run.Age);
    }

    /// <summary>Lets nobody in any more, and aborts what is being computed. From any thread, repeatedly.</summary>
    /// <returns>All who are in or wait; each has still to leave.</returns>
    internal IReadOnlyList<GenerationRun> Close()
    {
        lock (_gate)
        {
            _closed = true;
            _active.ForEach(r => r.Generation.AbortPrefill());
            return [.. _active, .. _waiting];
        }
    }

    private static bool IsCancelled(GenerationRun run) => run.Generation.IsCancelled;
}
