namespace OffLM.Edge.Inference;

/// <summary>One decode loop for one loaded model, on its own thread. It computes one piece of work at a time, a token of as many generations as the
/// engine steps together or a piece of one prompt, in turn; between two of them, and only there, it admits, cancels, calls the hook and obeys the pace.</summary>
public sealed class GenerationScheduler : IModelLoop
{
    /// <summary>The newest value's weight in the average of what a step of one answer takes.</summary>
    private const double StepTimeWeight = 0.1;

    private readonly IEngine _engine;
    private readonly SchedulerOptions _options;
    private readonly TimeProvider _clock;
    private readonly StepMeter _meter;
    private readonly Pacer _pacer;
    private readonly IdleSlots _idle;
    private readonly PlaceCounter _places;
    private readonly AutoResetEvent _wake = new(false);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly List<GenerationRun> _waiting = [];
    private readonly List<GenerationRun> _active = [];
    private readonly Queue<GenerationRun> _round = new();
    private readonly StepBatch _batch;
    private readonly PieceLength _pieces;
    private readonly int[] _guesses;
    private readonly Predicate<GenerationRun> _isReady;
    private readonly int _maxActive;
    private long _prefillPieces;
    private TimeSpan _stepTime;
    private int _idleCount;
    private volatile bool _stopping;

    /// <param name="engine">The loaded model; stays the caller's to dispose, after this.</param>
    /// <param name="options">Limits and hooks.</param>
    /// <param name="clock">What durations are measured with.</param>
    public GenerationScheduler(IEngine engine, SchedulerOptions options, TimeProvider clock)
    {
        _engine = engine;
        _options = options;
        _clock = clock;
        _meter = new StepMeter(clock);
        _pacer = new Pacer(options.Pace, clock);
        _batch = new StepBatch(engine, _meter);
        _pieces = new PieceLength(options.PrefillPiece);
        _guesses = new int[1 + Math.Min(options.Guesses, engine.MaxDraft)];
        _isReady = run => _active.Contains(run) && !run.IsPaused(_options.MaxUndelivered);
        _idle = new IdleSlots(options.IdleSlots, options.IdleSlotBytes, engine.CacheBytesPerToken);
        _maxActive = Math.Min(options.MaxActive, engine.MaxSlots);
        _places = new PlaceCounter(_maxActive, options.MaxWaiting);
        new Thread(Run) { IsBackground = true, Name = "decode" }.Start();
    }

    /// <summary>What the loop has done since it began.</summary>
    public SchedulerStatistics Statistics
    {
        get
        {
            lock (_gate)
            {
                return new SchedulerStatistics(
                    _meter.Steps, _meter.PromptTokens, _meter.Tokens, _meter.EngineTime, _meter.ServiceTime,
                    _active.Count, _places.Taken - _active.Count, _idleCount);
            }
        }
    }

    /// <summary>Takes a place to run or wait in; dispose the ticket if it isn't used.</summary>
    /// <exception cref="QueueFullException">All are taken; says when to try again.</exception>
    /// <exception cref="ObjectDisposedException">The model is being unloaded.</exception>
    public QueueTicket Reserve()
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        _places.Take();
        return new QueueTicket(this);
    }

    /// <summary>Ends everything that runs or waits with <see cref="FinishReason.Interrupted"/>, and frees the slots.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            _active.ForEach(r => r.Generation.AbortPrefill());
        }

        _wake.Set();
        await _ended.Task.ConfigureAwait(false);
    }

    internal Generation Start(GenerationRequest request, bool confirmed)
    {
        RequestCheck.ThrowIfInvalid(request, _engine);
        request = _options.SharePrefixes ? request with { CacheScope = "" } : request;
        var generation = new Generation(() => _wake.Set());
        if (confirmed)
        {
            generation.Confirm(request.MaxNewTokens);
        }

        var run = new GenerationRun(_engine, request, generation, _meter, _clock);
        var refused = false;
        lock (_gate)
        {
            refused = _stopping;
            if (!refused)
            {
                _waiting.Add(run);
            }
        }

        if (refused)
        {
            run.End(FinishReason.Interrupted, null, _idle);
            throw new ObjectDisposedException(nameof(GenerationScheduler), "The model is being unloaded.");
        }

        _wake.Set();
        return generation;
    }

    internal void GiveBack() => _places.GiveBack(duration: null);

    private void Run()
    {
        try
        {
            while (!_stopping)
            {
                EndCancelled();
                Admit();
                var next = NextToWorkOn();
                var rest = next is null ? Timeout.InfiniteTimeSpan : _pacer.Rest();
                if (next is null || rest > TimeSpan.Zero)
                {
                    _meter.BeginWait();
                    _wake.WaitOne(rest);
                    _meter.EndWait();
                    continue;
                }

                _round.Dequeue();
                var begun = _clock.GetTimestamp();
                WorkOn(next);
                _pacer.Worked(_clock.GetElapsedTime(begun));
                _options.BetweenSteps?.Invoke();
            }
        }
        finally
        {
            Shutdown();
        }
    }

    /// <summary>The front of this round. A round has one token of each generation and one piece of one prompt.</summary>
    private GenerationRun? NextToWorkOn()
    {
        while (_round.TryPeek(out var front) && !_isReady(front))
        {
            _round.Dequeue();
        }

        if (_round.Count == 0)
        {
            GenerationRun? prefill = null;
            foreach (var run in _active)
            {
                if (run.IsPrefilling)
                {
                    prefill = prefill is null || run.LastPrefill < prefill.LastPrefill ? run : prefill;
                }
                else if (!run.IsPaused(_options.MaxUndelivered))
                {
                    _round.Enqueue(run);
                }
            }

            if (prefill is not null)
            {
                _round.Enqueue(prefill);
            }
        }

        return _round.TryPeek(out var next) ? next : null;
    }

    private void WorkOn(GenerationRun run)
    {
        if (run.IsPrefilling)
        {
            Prefill(run);
        }
        else if (run.HasFirstScores)
        {
            Advance(run, r => r.Choose());
        }
        else
        {
            _batch.Gather(run, _round, _isReady);
            Step();
        }
    }

    /// <summary>A piece of a prompt; a short one where others would wait for it, unless its length must depend on nothing but the prompt's.</summary>
    private void Prefill(GenerationRun run)
    {
        run.LastPrefill = ++_prefillPieces;
        var longest = !run.Request.Deterministic && _engine.MaxBatch > 1 && IsAnyDecoding() ? _pieces.WhileOthersWait : _options.PrefillPiece;
        var (before, begun) = (_meter.PromptTokens, _clock.GetTimestamp());
        Advance(run, r =>
        {
            if (_engine.CanCopySlots)
            {
                r.TakeOver(_active, _idle);
            }

            return r.Prefill(longest);
        });
        _pieces.Prefilled((int)(_meter.PromptTokens - before), _clock.GetElapsedTime(begun));
    }

    private void Step()
    {
        if (_batch.Runs.Count == 1 && _stepTime > TimeSpan.Zero && _batch.Runs[0].Guess(_guesses) is > 0 and var guesses)
        {
            Check(_batch.Runs[0], guesses);
            return;
        }

        var begun = _clock.GetTimestamp();
        try
        {
            _batch.Step();
        }
        catch (Exception e)
        {
            if (_batch.Runs.Count == 1)
            {
                EndFailed(_batch.Runs[0], e);
            }
            else
            {
                StepOneByOne();
            }

            return;
        }

        var duration = _clock.GetElapsedTime(begun);
        _pieces.Stepped(duration);
        if (_batch.Runs.Count == 1)
        {
            _stepTime = _stepTime == TimeSpan.Zero ? duration : _stepTime + (StepTimeWeight * (duration - _stepTime));
            Advance(_batch.Runs[0], r => r.SteppedAlone());
            return;
        }

        foreach (var run in _batch.Runs)
        {
            Advance(run, r => r.Stepped());
        }
    }

    /// <summary>Steps one that is alone, with guesses of what follows.</summary>
    private void Check(GenerationRun run, int guesses)
    {
        var begun = _clock.GetTimestamp();
        Advance(run, r =>
        {
            var tokens = _guesses.AsSpan(0, guesses + 1);
            using (_meter.InEngine())
            {
                r.Slot.Verify(tokens);
            }

            return r.Checked(tokens[1..], _clock.GetElapsedTime(begun), _stepTime);
        });
    }

    /// <summary>Finds out whose step fails: the others go on.</summary>
    private void StepOneByOne()
    {
        foreach (var run in _batch.Runs)
        {
            Advance(run, r =>
            {
                using (_meter.InEngine())
                {
                    r.Slot.Step(r.LastToken);
                }

                return r.Stepped();
            });
        }
    }

    private void Advance(GenerationRun run, Func<GenerationRun, FinishReason?> work)
    {
        try
        {
            if (work(run) is { } reason)
            {
                End(run, reason);
            }
        }
        catch (Exception e)
        {
            EndFailed(run, e);
        }
    }

    private bool IsAnyDecoding()
    {
        foreach (var run in _active)
        {
            if (!run.IsPrefilling && !run.IsPaused(_options.MaxUndelivered))
            {
                return true;
            }
        }

        return false;
    }

    private void Admit()
    {
        while (TakeWaiting() is { } run)
        {
            try
            {
                run.Begin(_idle, _engine.CanCopySlots && (_idle.Count > 1 || _idle.Count + _active.Count <= _engine.MaxSlots));
            }
            catch (Exception e)
            {
                EndFailed(run, e);
            }

            _idle.Limit(_engine.MaxSlots - _active.Count);
            Volatile.Write(ref _idleCount, _idle.Count);
        }
    }

    /// <summary>The next that may join.</summary>
    private GenerationRun? TakeWaiting()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0 || _active.Count >= _maxActive)
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

    private void EndCancelled()
    {
        for (var i = _active.Count - 1; i >= 0; i--)
        {
            if (_active[i].Generation.IsCancelled)
            {
                End(_active[i], FinishReason.Cancelled);
            }
        }

        while (TakeCancelledWaiting() is { } run)
        {
            End(run, FinishReason.Cancelled);
        }
    }

    private GenerationRun? TakeCancelledWaiting()
    {
        lock (_gate)
        {
            var index = _waiting.FindIndex(r => r.Generation.IsCancelled);
            if (index < 0)
            {
                return null;
            }

            var run = _waiting[index];
            _waiting.RemoveAt(index);
            return run;
        }
    }

    /// <summary>Ends one generation; the others go on.</summary>
    private void EndFailed(GenerationRun run, Exception exception)
    {
        if (run.Generation.IsCancelled || _stopping)
        {
            // The engine's complaint is the abort that we asked for.
            End(run, run.Generation.IsCancelled ? FinishReason.Cancelled : FinishReason.Interrupted);
            return;
        }

        // Only the engine's own messages are known to hold nothing of the prompt.
        var message = exception is InferenceException ? exception.Message : $"Unexpected {exception.GetType().Name} in the decode loop.";
        End(run, FinishReason.Error, message);
    }

    private void End(GenerationRun run, FinishReason reason, string? error = null)
    {
        lock (_gate)
        {
            _active.Remove(run);
        }

        // The place is free before the caller hears of the end, so that its next request is not refused.
        _places.GiveBack(run.Age);
        run.End(reason, error, _idle);
        Volatile.Write(ref _idleCount, _idle.Count);
    }

    private void Shutdown()
    {
        List<GenerationRun> left;
        lock (_gate)
        {
            _stopping = true;
            left = [.. _active, .. _waiting];
            _waiting.Clear();
        }

        left.ForEach(r => End(r, FinishReason.Interrupted));
        _idle.Dispose();
        _ended.SetResult();
    }
}
