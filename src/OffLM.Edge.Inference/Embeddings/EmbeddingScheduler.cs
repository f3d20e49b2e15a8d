namespace OffLM.Edge.Inference;

/// <summary>Makes embeddings with one loaded model, on a thread of its own. Requests take turns, a batch each; between two batches, and only there, it
/// cancels, calls the hook and obeys the pace.</summary>
public sealed class EmbeddingScheduler : IModelLoop
{
    /// <summary>Tokens of a batch, padding included, unless one sequence alone is longer: so many fill a small machine's processors, and bound how
    /// long the others and the pace wait.</summary>
    private const int BatchTokens = 1024;

    private readonly EmbeddingEngine _engine;
    private readonly TimeProvider _clock;
    private readonly StepMeter _meter;
    private readonly WorkLoop _loop;
    private readonly PlaceCounter _places;
    private readonly Lock _gate = new();
    private readonly List<Embedding> _work = [];
    private readonly List<int[]> _batch = [];
    private bool _stopping;

    internal EmbeddingScheduler(EmbeddingEngine engine, SchedulerOptions options, TimeProvider clock)
    {
        (_engine, _clock) = (engine, clock);
        _meter = new StepMeter(clock);
        _loop = new WorkLoop(options, _meter, clock);
        _places = new PlaceCounter(options.MaxActive, options.MaxWaiting);
        _loop.Start("embed", Next, WorkOn, End);
    }

    /// <summary>How the model makes embeddings.</summary>
    public EmbeddingSettings Settings => _engine.Settings;

    /// <inheritdoc/>
    public SchedulerStatistics Statistics
    {
        get
        {
            lock (_gate)
            {
                var active = Math.Min(1, _work.Count);
                return new SchedulerStatistics(
                    _meter.Steps, _meter.PromptTokens, 0, _meter.EngineTime, _meter.ServiceTime, active, _places.Taken - active, 0);
            }
        }
    }

    /// <summary>Takes a place in the queue, to be used by <see cref="Start"/> or given back.</summary>
    /// <exception cref="QueueFullException">All are taken; says when to try again.</exception>
    public void Reserve() => _places.Take();

    /// <summary>Gives an unused place back.</summary>
    public void GiveBack() => _places.GiveBack(null);

    /// <summary>Begins to compute, in a reserved place.</summary>
    /// <param name="sequences">Token ids of each text, begin and end included; at least one text, none empty or longer than the context.</param>
    /// <param name="dimensions">How many of an embedding's first numbers are wanted, at most all.</param>
    /// <param name="computed">Told how many tokens each batch had, on the loop's thread; must be quick and must not throw.</param>
    public Embedding Start(IReadOnlyList<int[]> sequences, int dimensions, Action<int>? computed = null)
    {
        var work = new Embedding(sequences, dimensions, _clock.GetTimestamp(), computed, _loop.Wake);
        bool refused;
        lock (_gate)
        {
            refused = _stopping;
            if (!refused)
            {
                _work.Add(work);
                if (_work.Count > 1)
                {
                    _work.ForEach(w => w.RanAlone = false);
                }
            }
        }

        if (refused)
        {
            End(work, FinishReason.Interrupted);
        }

        _loop.Wake();
        return work;
    }

    /// <summary>Ends everything with <see cref="FinishReason.Interrupted"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        _loop.Stop();
        lock (_gate)
        {
            _stopping = true;
            _work.ForEach(w => w.Abort());
        }

        await _loop.Ended.ConfigureAwait(false);
    }

    /// <summary>The front of the queue, once those are gone that nobody wants any more.</summary>
    private Embedding? Next()
    {
        while (true)
        {
            Embedding? gone;
            lock (_gate)
            {
                gone = _work.Find(w => w.IsCancelled);
                if (gone is null)
                {
                    return _work.Count > 0 ? _work[0] : null;
                }
            }

            End(gone, FinishReason.Cancelled);
        }
    }

    private void WorkOn(Embedding work)
    {
        work.BegunAt = work.BegunAt == 0 ? _clock.GetTimestamp() : work.BegunAt;
        try
        {
            var tokens = Compute(work);
            _meter.AddStep();
            _meter.AddPromptTokens(tokens);
            work.Computed?.Invoke(tokens);
            if (work.Done == work.Sequences.Count)
            {
                End(work, FinishReason.Stop);
                return;
            }
        }
        catch (Exception e)
        {
            // Only the engine's own messages are known to hold nothing of the texts; one that says "terminated" is the abort that we asked for.
            var error = e is InferenceException ? e.Message : $"Unexpected {e.GetType().Name} in the embedding loop.";
            End(work, work.IsCancelled ? FinishReason.Cancelled : Volatile.Read(ref _stopping) ? FinishReason.Interrupted : FinishReason.Error, error);
            return;
        }

        lock (_gate)
        {
            // The others' turn.
            _work.Remove(work);
            _work.Add(work);
        }
    }

    private int Compute(Embedding work)
    {
        var places = work.NextPlaces(BatchTokens, _engine.MaxBatch).ToArray();
        var tokens = 0;
        _batch.Clear();
        foreach (var place in places)
        {
            _batch.Add(work.Sequences[place]);
            tokens += work.Sequences[place].Length;
        }

        using (_meter.InEngine())
        {
            _engine.Embed(_batch, places, work.Vectors, work.Dimensions, work.Options);
        }

        work.Done += places.Length;
        return tokens;
    }

    private void End(Embedding work, FinishReason reason, string? error = null)
    {
        lock (_gate)
        {
            _work.Remove(work);
        }

        var now = _clock.GetTimestamp();
        var begun = work.BegunAt == 0 ? now : work.BegunAt;

        // The place is free before the caller hears of the end, so that its next request is not refused.
        _places.GiveBack(_clock.GetElapsedTime(begun, now));
        work.End(new EmbeddingResult(
            reason, reason == FinishReason.Stop ? work.Vectors : [], work.Dimensions, _clock.GetElapsedTime(work.CreatedAt, begun),
            _clock.GetElapsedTime(begun, now), work.RanAlone, reason == FinishReason.Error ? error : null));
    }

    /// <summary>Ends everything.</summary>
    private void End()
    {
        lock (_gate)
        {
            _stopping = true;
        }

        while (Next() is { } left)
        {
            End(left, FinishReason.Interrupted);
        }
    }
}
