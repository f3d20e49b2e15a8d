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
    private readonly WorkLoop _loop;
    private readonly AdmissionQueue _queue;
    private readonly TurnOrder _turns;
    private readonly IdleSlots _idle;
    private readonly StepBatch _batch;
    private readonly PieceLength _pieces;
    private readonly int[] _guesses;
    private TimeSpan _stepTime;
    private int _idleCount;

    /// <param name="engine">The loaded model; stays the caller's to dispose, after this.</param>
    /// <param name="options">Limits and hooks.</param>
    /// <param name="clock">What durations are measured with.</param>
    public GenerationScheduler(IEngine engine, SchedulerOptions options, TimeProvider clock)
    {
        _engine = engine;
        _options = options;
        _clock = clock;
        _meter = new StepMeter(clock);
        _loop = new WorkLoop(options, _meter, clock);
        _queue = new AdmissionQueue(Math.Min(options.MaxActive, engine.MaxSlots), options.MaxWaiting);
        _turns = new TurnOrder(_queue.Active, options.MaxUndelivered);
        _batch = new StepBatch(engine, _meter);
        _pieces = new PieceLength(options.PrefillPiece);
        _guesses = new int[1 + Math.Min(options.Guesses, engine.MaxDraft)];
        _idle = new IdleSlots(options.IdleSlots, options.IdleSlotBytes, engine.CacheBytesPerToken);
        _loop.Start("decode", Next, WorkOn, End);
    }

    /// <summary>What the loop has done since it began.</summary>
    public SchedulerStatistics Statistics
    {
        get
        {
            var active = _queue.ActiveCount;
            return new SchedulerStatistics(
                _meter.Steps, _meter.PromptTokens, _meter.Tokens, _meter.EngineTime, _meter.ServiceTime,
                active, _queue.Taken - active, Volatile.Read(ref _idleCount));
        }
    }

    /// <summary>Takes a place to run or wait in; dispose the ticket if it isn't used.</summary>
    /// <exception cref="QueueFullException">All are taken; says when to try again.</exception>
    /// <exception cref="ObjectDisposedException">The model is being unloaded.</exception>
    public QueueTicket Reserve()
    {
        ObjectDisposedException.ThrowIf(_queue.IsClosed, this);
        _queue.Reserve();
        return new QueueTicket(this);
    }

    /// <summary>Ends everything that runs or waits with <see cref="FinishReason.Interrupted"/>, and frees the slots.</summary>
    public async ValueTask DisposeAsync()
    {
        _loop.Stop();
        _queue.Close();
        await _loop.Ended.ConfigureAwait(false);
    }

    internal Generation Start(GenerationRequest request, bool confirmed)
    {
        RequestCheck.ThrowIfInvalid(request, _engine);
        request = _options.SharePrefixes ? request with { CacheScope = "" } : request;
        var generation = new Generation(_loop.Wake);
        if (confirmed)
        {
            generation.Confirm(request.MaxNewTokens);
        }

        var run = new GenerationRun(_engine, request, generation, _meter, _clock);
        if (!_queue.TryEnter(run))
        {
            run.End(FinishReason.Interrupted, null, _idle);
            throw new ObjectDisposedException(nameof(GenerationScheduler), "The model is being unloaded.");
        }

        _loop.Wake();
        return generation;
    }

    internal void GiveBack() => _queue.GiveBack();

    private GenerationRun? Next()
    {
        while (_queue.FindCancelled() is { } cancelled)
        {
            End(cancelled, FinishReason.Cancelled);
        }

        Admit();
        return _turns.Next();
    }

    /// <param name="run">The front of the round.</param>
    private void WorkOn(GenerationRun run)
    {
        _turns.Round.Dequeue();
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
            _batch.Gather(run, _turns.Round, _turns.IsReady);
            Step();
        }
    }

    /// <summary>A piece of a prompt; a short one where others would wait for it, unless its length must depend on nothing but the prompt's.</summary>
    private void Prefill(GenerationRun run)
    {
        _turns.Prefills(run);
        var longest = !run.Request.Deterministic && _engine.MaxBatch > 1 && _turns.IsAnyDecoding ? _pieces.WhileOthersWait : _options.PrefillPiece;
        var (before, begun) = (_meter.PromptTokens, _clock.GetTimestamp());
        Advance(run, r =>
        {
            if (_engine.CanCopySlots)
            {
                r.TakeOver(_queue.Active, _idle);
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

    private void Admit()
    {
        while (_queue.Admit() is { } run)
        {
            try
            {
                run.Begin(_idle, _engine.CanCopySlots && (_idle.Count > 1 || _idle.Count + _queue.Active.Count <= _engine.MaxSlots));
            }
            catch (Exception e)
            {
                EndFailed(run, e);
            }

            _idle.Limit(_engine.MaxSlots - _queue.Active.Count);
            Volatile.Write(ref _idleCount, _idle.Count);
        }
    }

    /// <summary>Ends one generation; the others go on.</summary>
    private void EndFailed(GenerationRun run, Exception exception)
    {
        if (run.Generation.IsCancelled || _queue.IsClosed)
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
        // The place is free before the caller hears of the end, so that its next request is not refused.
        _queue.Leave(run);
        run.End(reason, error, _idle);
        Volatile.Write(ref _idleCount, _idle.Count);
    }

    /// <summary>Ends everything.</summary>
    private void End()
    {
        foreach (var run in _queue.Close())
        {
            End(run, FinishReason.Interrupted);
        }

        _idle.Dispose();
    }
}
