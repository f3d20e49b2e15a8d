using System.Threading.Channels;

namespace OffLM.Edge.Inference;

/// <summary>One completion that waits or runs: the side that its caller sees.</summary>
public sealed class Generation
{
    private readonly Channel<GenerationPiece> _pieces = Channel.CreateUnbounded<GenerationPiece>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private readonly TaskCompletionSource<GenerationResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly Action _wake;
    private ISlot? _abortable;
    private long _delivered;
    private volatile int _limit;
    private volatile bool _cancelled;

    internal Generation(Action wake) => _wake = wake;

    /// <summary>Prompt tokens reused from an earlier turn; known once the first piece is there.</summary>
    public int CachedTokens { get; internal set; }

    /// <summary>True once it has left the queue: it is being computed, or was.</summary>
    public bool HasBegun { get; internal set; }

    /// <summary>How it went. Never faults: engine errors are a <see cref="FinishReason.Error"/>.</summary>
    public Task<GenerationResult> Completion => _completion.Task;

    internal bool IsCancelled => _cancelled;

    /// <summary>At most so many new tokens; 0 while it may compute its prompt but choose no token.</summary>
    internal int Limit => _limit;

    /// <summary>True if its slot was told to abort: nothing can be computed in it any more, even if that came too late to make anything fail.</summary>
    internal bool IsAborted { get; private set; }

    internal long DeliveredTokens => Interlocked.Read(ref _delivered);

    /// <summary>The text as it comes, once. Ends normally whatever the reason was; see <see cref="Completion"/>.</summary>
    public IAsyncEnumerable<GenerationPiece> ReadAsync(CancellationToken cancellationToken) => _pieces.Reader.ReadAllAsync(cancellationToken);

    /// <summary>Lets a generation that was started unconfirmed choose tokens.</summary>
    /// <param name="maxNewTokens">At most so many, at least 1; if the request allows fewer, so many.</param>
    public void Confirm(int maxNewTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxNewTokens);
        _limit = maxNewTokens;
        _wake();
    }

    /// <summary>Ends it within one step, also during its prefill, with <see cref="FinishReason.Cancelled"/>. May be called any time, from
    /// any thread, repeatedly.</summary>
    public void Cancel()
    {
        lock (_gate)
        {
            _cancelled = true;
            Abort();
        }

        _wake();
    }

    /// <summary>Says that so many more tokens reached the client. Without it the generation pauses when it is
    /// <see cref="SchedulerOptions.MaxUndelivered"/> tokens ahead.</summary>
    /// <param name="tokens">The sum of <see cref="GenerationPiece.Tokens"/> since the last call.</param>
    public void Delivered(int tokens)
    {
        Interlocked.Add(ref _delivered, tokens);
        _wake();
    }

    /// <summary>Lets <see cref="Cancel"/> abort what this slot computes, until <see cref="EndAbortable"/>.</summary>
    /// <returns>False if it is cancelled already.</returns>
    internal bool TryBeginAbortable(ISlot slot)
    {
        lock (_gate)
        {
            _abortable = _cancelled ? null : slot;
            return !_cancelled;
        }
    }

    internal void EndAbortable()
    {
        lock (_gate)
        {
            _abortable = null;
        }
    }

    /// <summary>Aborts a prefill for another reason than the caller's wish.</summary>
    internal void AbortPrefill()
    {
        lock (_gate)
        {
            Abort();
        }
    }

    internal void Write(GenerationPiece piece) => _pieces.Writer.TryWrite(piece);

    internal void End(GenerationResult result)
    {
        _pieces.Writer.Complete();
        _completion.SetResult(result);
    }

    private void Abort()
    {
        IsAborted |= _abortable is not null;
        _abortable?.Abort();
    }
}
