using OffLM.Edge.Inference;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Work.Requests;

/// <summary>
/// Counts what one answer has delivered. Text counts as proven once it had been flushed at the checkpoint before: a flush only says
/// that the operating system took the bytes, so the newest ones are given time to arrive. Thread-safe.
/// </summary>
internal sealed class AnswerAccount
{
    private readonly Lock _gate = new();
    private readonly AnswerEnergy _energy;
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private readonly Bytes32 _request;
    private readonly Keccak256 _commitment;
    private uint _tokens;
    private uint _cachedTokens;
    private uint _durationMs;
    private Snapshot _atLastTick;
    private Snapshot _proven;
    private uint _stored;

    public AnswerAccount(Hold hold, AnswerEnergy energy, TimeProvider time, long startedAt)
    {
        _energy = energy;
        _time = time;
        _startedAt = startedAt;
        _request = hold.Request;
        _commitment = Commitment.Begin(hold.CompletionSalt);
        _proven = _atLastTick = new Snapshot(0, 0, _commitment.Save());
    }

    /// <summary>Prompt tokens reused; known when the first text comes.</summary>
    public void Reused(int cachedTokens)
    {
        lock (_gate)
        {
            _cachedTokens = (uint)cachedTokens;
        }
    }

    /// <summary>Counts a piece whose flush completed.</summary>
    public void Delivered(in GenerationPiece piece)
    {
        lock (_gate)
        {
            _commitment.Append(piece.Text);
            _tokens += (uint)piece.Tokens;
            _durationMs = (uint)Math.Min(uint.MaxValue, _time.GetElapsedTime(_startedAt).TotalMilliseconds);
        }
    }

    /// <summary>What is proven now and not stored yet; null if nothing new is.</summary>
    public Checkpoint? Tick()
    {
        lock (_gate)
        {
            var proven = _proven = _atLastTick;
            _atLastTick = new Snapshot(_tokens, _durationMs, _commitment.Save());
            if (proven.Tokens == _stored)
            {
                return null;
            }

            _stored = proven.Tokens;
            return new Checkpoint(_request, _cachedTokens, proven.Tokens, proven.State, proven.DurationMs, _energy.Microjoules, _energy.Source);
        }
    }

    /// <summary>Closes with all that was delivered.</summary>
    public Closing CloseWhole(Outcome outcome, string executionRecord)
    {
        lock (_gate)
        {
            return Close(outcome, executionRecord, new Snapshot(_tokens, _durationMs, _commitment.Save()));
        }
    }

    /// <summary>
    /// Closes with what is proven to have arrived, as a crash would: for a client that went away. What was flushed at the last tick may
    /// have been flushed the moment before, and been thrown away with the connection.
    /// </summary>
    public Closing CloseProven(Outcome outcome, string executionRecord)
    {
        lock (_gate)
        {
            return Close(outcome, executionRecord, _proven);
        }
    }

    private Closing Close(Outcome outcome, string executionRecord, Snapshot snapshot) => new(
        outcome,
        _cachedTokens,
        snapshot.Tokens,
        Keccak256.Restore(snapshot.State).Current(),
        executionRecord,
        snapshot.DurationMs,
        _energy.Microjoules,
        _energy.Source);

    private readonly record struct Snapshot(uint Tokens, uint DurationMs, byte[] State);
}
