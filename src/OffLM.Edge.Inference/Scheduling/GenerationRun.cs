using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference;

/// <summary>One completion: the side that the decode thread drives. Advances by one prefill piece or one token at a time.</summary>
internal sealed class GenerationRun
{
    private readonly IEngine _engine;
    private readonly StepMeter _meter;
    private readonly TimeProvider _clock;
    private readonly int _maxNewTokens;
    private readonly int _capacity;
    private readonly Sampler _sampler;
    private readonly TextAssembler _text;
    private readonly ITokenStream _stream;
    private readonly LogprobRecorder? _logprobs;
    private readonly List<int> _prefillSplit = [];
    private readonly List<int> _cache = [];
    private readonly DraftGain _gain = new();
    private readonly long _createdAt;
    private ISlot? _slot;
    private long _startedAt;
    private long _firstTokenAt;
    private long _lastTokenAt;
    private int _chosen;
    private int _lastToken;
    private int _handedOut;

    /// <summary>Prepares everything that can fail because of the request.</summary>
    /// <exception cref="InvalidGuidanceException"/>
    internal GenerationRun(IEngine engine, GenerationRequest request, Generation generation, StepMeter meter, TimeProvider clock)
    {
        _engine = engine;
        _meter = meter;
        _clock = clock;

        // What one adapter's keys and values are is nothing to another's.
        Request = request.Adapter is { } adapter ? request with { CacheScope = $"{adapter.Id} {request.CacheScope}" } : request;
        Generation = generation;
        _maxNewTokens = Math.Min(request.MaxNewTokens, engine.ContextLength - request.Prompt.Length);
        var needed = request.Prompt.Length + _maxNewTokens;
        _capacity = IsReusable ? Math.Min(engine.ContextLength, RoundUp(needed)) : needed;
        _sampler = new Sampler(request.Sampling, request.Prompt, _maxNewTokens);
        _text = new TextAssembler(request.Stop);
        _logprobs = request.Sampling.TopLogprobs is { } alternatives ? new LogprobRecorder(engine, alternatives) : null;
        _createdAt = clock.GetTimestamp();
        if (request.Guidance is not null)
        {
            _slot = engine.CreateSlot(_capacity, request.Guidance);
        }

        _stream = engine.CreateTokenStream();
        request.Adapter?.Hold();
    }

    internal GenerationRequest Request { get; }

    internal Generation Generation { get; }

    /// <summary>Cleared by the scheduler as soon as another one is active too.</summary>
    internal bool RanAlone { get; set; } = true;

    /// <summary>When its last prefill piece was computed, in the scheduler's count of pieces.</summary>
    internal long LastPrefill { get; set; }

    /// <summary>True while the scores after its prompt are there and no token was chosen from them.</summary>
    internal bool HasFirstScores => !IsPrefilling && _chosen == 0;

    /// <summary>Where it is computed; after <see cref="Begin"/>.</summary>
    internal ISlot Slot => _slot!;

    /// <summary>What its next step computes with.</summary>
    internal int LastToken => _lastToken;

    internal bool IsPrefilling => _cache.Count < Request.Prompt.Length;

    /// <summary>Time since it was admitted; null while it waits.</summary>
    internal TimeSpan? Age => _startedAt == 0 ? null : _clock.GetElapsedTime(_startedAt);

    /// <summary>True while it can't go on: it is further ahead of its reader than it may be, or its prompt is computed and it is not confirmed.</summary>
    internal bool IsPaused(int maxUndelivered) =>
        _handedOut - Generation.DeliveredTokens > maxUndelivered || (!IsPrefilling && Generation.Limit == 0);

    private bool IsReusable => !Request.Deterministic && Request.Guidance is null;

    /// <summary>Takes a place: an earlier turn's slot if there is one, else a new one.</summary>
    /// <param name="idle">The earlier turns'.</param>
    /// <param name="canCopy">True if there is room for a new one beside them, which can take over a part of theirs.</param>
    internal void Begin(IdleSlots idle, bool canCopy)
    {
        _startedAt = _clock.GetTimestamp();
        Generation.HasBegun = true;
        using (_meter.InEngine())
        {
            if (IsReusable && idle.Take(Request.CacheScope, Request.Prompt, Request.Prompt.Length + _maxNewTokens, canCopy) is { } found)
            {
                _slot = found.Slot;
                Generation.CachedTokens = found.Tokens.Count;
                _cache.AddRange(found.Tokens);
            }
            else
            {
                _slot ??= _engine.CreateSlot(_capacity);
            }

            _slot.Adapter = Request.Adapter;
        }
    }

    /// <summary>Takes over what others have computed of the same beginning, where that is worth it.</summary>
    /// <param name="active">Those that run; their slots can be copied from.</param>
    /// <param name="idle">The ended ones.</param>
    internal void TakeOver(List<GenerationRun> active, IdleSlots idle)
    {
        if (Request.Deterministic)
        {
            return;
        }

        var (source, common) = idle.Find(Request.CacheScope, Request.Prompt);
        foreach (var other in active)
        {
            if (other != this && other._slot is not null && other.Request.CacheScope == Request.CacheScope)
            {
                var length = Request.Prompt.AsSpan()[..^1].CommonPrefixLength(CollectionsMarshal.AsSpan(other._cache));
                (source, common) = length > common ? (other._slot, length) : (source, common);
            }
        }

        var gained = common - _cache.Count;
        if (source is not null && gained >= IdleSlots.MinimumPrefix)
        {
            using (_meter.InEngine())
            {
                _slot!.Copy(source, common);
            }

            _cache.AddRange(Request.Prompt.AsSpan(_cache.Count, gained));
            Generation.CachedTokens += gained;
        }
    }

    /// <summary>Computes the prompt's next piece; after the last one also chooses the first token if it is confirmed.</summary>
    /// <param name="longest">Tokens that a piece may have. The pieces are as few as that allows and equally long: a short last one would cost
    /// nearly as much as a long one (300 tokens are 3 % faster as 150 + 150 than as 256 + 44), and the others wait for shorter ones.</param>
    /// <returns>Why it ended, or null to go on.</returns>
    internal FinishReason? Prefill(int longest)
    {
        var piece = Request.Prompt.AsSpan(_cache.Count);
        var pieces = (piece.Length + longest - 1) / longest;
        piece = piece[..((piece.Length + pieces - 1) / pieces)];
        if (!Generation.TryBeginAbortable(_slot!))
        {
            return FinishReason.Cancelled;
        }

        try
        {
            using (_meter.InEngine())
            {
                _slot!.Prefill(piece, scores: pieces == 1);
            }
        }
        finally
        {
            Generation.EndAbortable();
        }

        _cache.AddRange(piece);
        _prefillSplit.Add(piece.Length);
        _meter.AddPromptTokens(piece.Length);
        return IsPrefilling || Generation.Limit == 0 ? null : Choose();
    }

    /// <summary>Takes note that the engine has stepped its slot, and chooses the next token.</summary>
    internal FinishReason? Stepped()
    {
        _cache.Add(_lastToken);
        _meter.AddStep();
        return Choose();
    }

    /// <summary>Guesses what may follow the last token.</summary>
    /// <param name="tokens">Takes the last token, and the guesses after it.</param>
    /// <returns>How many guesses there are; 0 where none should be made.</returns>
    internal int Guess(Span<int> tokens)
    {
        var room = Math.Min(Math.Min(_maxNewTokens, Generation.Limit) - _chosen - 1, _engine.ContextLength - _cache.Count - 1);
        var most = Math.Min(Math.Min(tokens.Length - 1, _gain.Guesses), room);
        if (most <= 0 || Request.Deterministic || Request.Guidance is not null)
        {
            return 0;
        }

        tokens[0] = _lastToken;
        return PromptLookup.Guess(_cache, _lastToken, tokens.Slice(1, most));
    }

    /// <summary>Takes note that the engine has stepped its slot without guesses.</summary>
    internal FinishReason? SteppedAlone()
    {
        _gain.Stepped();
        return Stepped();
    }

    /// <summary>Takes note that the engine has stepped its slot and computed guesses too, and chooses the next tokens as long as the guesses were right.</summary>
    /// <param name="guesses">What was guessed to follow.</param>
    /// <param name="duration">The step's.</param>
    /// <param name="step">What a step without guesses takes.</param>
    internal FinishReason? Checked(ReadOnlySpan<int> guesses, TimeSpan duration, TimeSpan step)
    {
        var reason = Stepped();
        var right = 0;
        while (reason is null && right < guesses.Length && guesses[right] == _lastToken)
        {
            right++;
            _slot!.Accept();
            reason = Stepped();
        }

        _gain.Checked(guesses.Length, right, duration, step);
        return reason;
    }

    /// <summary>Chooses the next token from the slot's scores.</summary>
    internal FinishReason? Choose()
    {
        Span<float> logits;
        using (_meter.InEngine())
        {
            logits = _slot!.Logits;
        }

        _logprobs?.Observe(logits);
        if (_slot.Guided)
        {
            _sampler.Perturb(logits);
            using (_meter.InEngine())
            {
                _lastToken = _slot.PickAllowed();
            }
        }
        else
        {
            _lastToken = _sampler.Sample(logits, _slot.Maxima);
        }

        _chosen++;
        _meter.AddToken();
        _lastTokenAt = _clock.GetTimestamp();
        _firstTokenAt = _firstTokenAt == 0 ? _lastTokenAt : _firstTokenAt;
        if (_engine.EndTokens.Contains(_lastToken))
        {
            return FinishReason.Stop;
        }

        _sampler.Accept(_lastToken);
        HandOut(_text.Append(_stream.Append(_lastToken), _logprobs?.Report(_lastToken)));
        return _text.StopSequence is not null ? FinishReason.Stop
            : _chosen >= Math.Min(_maxNewTokens, Generation.Limit) ? FinishReason.Length
            : null;
    }

    /// <summary>Tells the caller how it went, and keeps or frees the slot.</summary>
    internal void End(FinishReason reason, string? error, IdleSlots idle)
    {
        if (reason is FinishReason.Length or FinishReason.Stop)
        {
            HandOut(_text.Finish());
        }

        _stream.Dispose();
        var prefillAborted = Generation.IsAborted || (IsPrefilling && reason is FinishReason.Cancelled or FinishReason.Interrupted);
        if (_slot is not null && IsReusable && reason != FinishReason.Error && !prefillAborted && _cache.Count > 0)
        {
            idle.Put(new IdleSlot(_slot, Request.CacheScope, _cache));
        }
        else
        {
            _slot?.Dispose();
        }

        _slot = null;
        Request.Adapter?.LetGo();
        var now = _clock.GetTimestamp();
        var started = _startedAt == 0 ? now : _startedAt;
        var first = _firstTokenAt == 0 ? now : _firstTokenAt;
        Generation.End(new GenerationResult(
            reason,
            Request.Prompt.Length,
            Generation.CachedTokens,
            _handedOut,
            _text.StopSequence,
            _clock.GetElapsedTime(_createdAt, started),
            _startedAt == 0 ? TimeSpan.Zero : _clock.GetElapsedTime(started, first),
            _firstTokenAt == 0 ? TimeSpan.Zero : _clock.GetElapsedTime(first, _lastTokenAt),
            RanAlone,
            _prefillSplit,
            error));
    }

    private void HandOut(GenerationPiece piece)
    {
        if (piece.Tokens > 0 || piece.Text is { Length: > 0 })
        {
            _handedOut += piece.Tokens;
            Generation.Write(piece);
        }
    }

    /// <summary>Room for the conversation's next turns: cache memory is taken for the whole slot when it is made.</summary>
    private static int RoundUp(int tokens)
    {
        const int Granule = 1024;
        return (tokens + (Granule / 4) + Granule - 1) / Granule * Granule;
    }
}
