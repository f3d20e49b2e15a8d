using System.Runtime.CompilerServices;
using System.Text;
using OffLM.Edge.Inference;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Work.Requests;

/// <summary>An answer that is being generated, with its durable hold.</summary>
internal sealed class RunningAnswer : IAnswer, IOpenAnswer
{
    private readonly AnswerBook _book;
    private readonly ModelLease _lease;
    private readonly Generation _generation;
    private readonly Hold _hold;
    private readonly WorkRequest _request;
    private readonly bool _limitedByCredit;
    private readonly AnswerAccount _account;
    private readonly AnswerEnergy _energy;
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private readonly Action<IOpenAnswer, CompletedAnswer> _onCompleted;
    private readonly StringBuilder? _text;
    private Task<CompletedAnswer>? _completion;
    private bool _abandoned;

    public RunningAnswer(
        AnswerBook book, ModelLease lease, Generation generation, Hold hold, Caller caller, WorkRequest request, bool limitedByCredit, AnswerEnergy energy, TimeProvider time,
        long startedAt, Action<IOpenAnswer, CompletedAnswer> onCompleted)
    {
        _book = book;
        _lease = lease;
        _generation = generation;
        _hold = hold;
        _request = request;
        Caller = caller;
        _limitedByCredit = limitedByCredit;
        _time = time;
        _startedAt = startedAt;
        _onCompleted = onCompleted;
        _energy = energy;
        _account = new AnswerAccount(hold, energy, time, startedAt);
        _text = request.RetryKey is null ? null : new StringBuilder();
        book.Open(this);
    }

    public Bytes32 Request => _hold.Request;

    public StoredModel Model => _lease.Model;

    public TimeSpan LoadDuration => _lease.LoadDuration;

    public int PromptTokens => (int)_hold.PromptTokens;

    public (Bytes32 Key, string? Digest, string Text)? Retry =>
        _text is not null && Requests.Retry.KeyOf(Caller, _request.RetryKey) is { } key ? (key, _request.RetryDigest, _text.ToString()) : null;

    public Caller Caller { get; }

    public async IAsyncEnumerable<GenerationPiece> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        // A client that goes away ends the stream normally: what it got is settled by CompleteAsync.
        await using var onCancel = cancellation.UnsafeRegister(static g => ((Generation)g!).Cancel(), _generation);
        await foreach (var piece in _generation.ReadAsync(CancellationToken.None))
        {
            _account.Reused(_generation.CachedTokens);
            _energy.Count(piece.Tokens);
            yield return piece;

            // Who asks for more is done with this piece, though its text may wait to be sent (a call is sent as a whole).
            _generation.Delivered(piece.Tokens);
        }
    }

    public void Delivered(in GenerationPiece piece)
    {
        _account.Delivered(piece);
        _text?.Append(piece.Text);
    }

    public Task<CompletedAnswer> CompleteAsync() => _completion ??= CloseAsync();

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_completion is null)
            {
                _abandoned = true;
                _generation.Cancel();
            }

            await CompleteAsync();
        }
        catch (RefusedException)
        {
            // The book keeps the closing and tries again until the ledger can be written.
        }
        finally
        {
            _lease.Dispose();
        }
    }

    /// <summary>What is proven now and not stored yet. Only a stream delivers before its end.</summary>
    public Checkpoint? Tick() => _request.Streaming ? _account.Tick() : null;

    private async Task<CompletedAnswer> CloseAsync()
    {
        var result = await _generation.Completion;
        _energy.End();
        var outcome = OutcomeOf(result.Reason);
        var record = ExecutionRecord.Of(_lease, _request, _hold.TokenLimit, result);
        _account.Reused(result.CachedTokens);
        Closing closing, unsent;
        if (_request.Streaming)
        {
            unsent = closing = _abandoned || outcome == Outcome.Cancelled ? _account.CloseProven(outcome, record) : _account.CloseWhole(outcome, record);
        }
        else
        {
            // The body has the text only of an answer that ended as it should, and leaves only once the receipt is durable.
            unsent = Undelivered(Outcome.Interrupted, record);
            closing = outcome is Outcome.Stop or Outcome.Length or Outcome.LimitReached ? _account.CloseWhole(outcome, record) : Undelivered(outcome, record);
        }

        var receipt = await _book.CloseAsync(this, closing, unsent);
        var opening = new CompletedAnswer.Opening(_hold.PromptSalt, _hold.CompletionSalt, _hold.ExecutionSalt);
        var completed = new CompletedAnswer(receipt, opening, result, _time.GetElapsedTime(_startedAt), _request.Api);
        _onCompleted(this, completed);
        return completed;
    }

    private Closing Undelivered(Outcome outcome, string record) =>
        new(outcome, 0, 0, Commitment.Begin(_hold.CompletionSalt).Current(), record, 0, _energy.Microjoules, _energy.Source);

    private Outcome OutcomeOf(FinishReason reason) => reason switch
    {
        // Who left before the end was sent hasn't got it, however far the generation was.
        FinishReason.Stop or FinishReason.Length when _abandoned => Outcome.Cancelled,
        FinishReason.Stop => Outcome.Stop,
        FinishReason.Length when _limitedByCredit => Outcome.LimitReached,
        FinishReason.Length => Outcome.Length,
        FinishReason.Cancelled => Outcome.Cancelled,
        FinishReason.Interrupted => Outcome.Interrupted,
        _ => Outcome.EngineError,
    };
}
