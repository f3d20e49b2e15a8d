using System.Runtime.InteropServices;
using OffLM.Edge.Inference;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Work.Requests;

/// <summary>Embeddings that are being made, with their durable hold. They are delivered together or not at all, so nothing is checkpointed.</summary>
internal sealed class OpenEmbedding(Hold hold, Caller caller, ModelLease lease, EmbeddingRequest request) : IOpenAnswer
{
    private float[] _vectors = [];

    public Bytes32 Request => hold.Request;

    public Caller Caller => caller;

    public StoredModel Model => lease.Model;

    public (Bytes32 Key, string? Digest, string Text)? Retry => Requests.Retry.KeyOf(caller, request.RetryKey) is { } key
        ? (key, request.RetryDigest, Convert.ToBase64String(MemoryMarshal.AsBytes(_vectors.AsSpan())))
        : null;

    /// <summary>What an earlier try gave.</summary>
    public static EmbeddingAnswer Of(ReplayedAnswer replay, int texts)
    {
        var bytes = Convert.FromBase64String(replay.Text);
        var vectors = MemoryMarshal.Cast<byte, float>(bytes).ToArray();
        return new EmbeddingAnswer(TimeSpan.Zero, vectors, vectors.Length / texts, replay.Completed);
    }

    public Checkpoint? Tick() => null;

    /// <summary>What closes the hold.</summary>
    public Closing Close(EmbeddingResult result, AnswerEnergy energy, TimeSpan total)
    {
        _vectors = result.Vectors;
        var outcome = result.Reason switch
        {
            FinishReason.Stop => Outcome.Stop,
            FinishReason.Cancelled => Outcome.Cancelled,
            FinishReason.Interrupted => Outcome.Interrupted,
            _ => Outcome.EngineError,
        };
        return new Closing(
            outcome,
            CachedTokens: 0,
            CompletionTokens: 0,
            Commitment.To(hold.CompletionSalt, MemoryMarshal.AsBytes(_vectors.AsSpan())),
            ExecutionRecord.Of(lease, result.Dimensions, result.RanAlone),
            (uint)Math.Min(uint.MaxValue, total.TotalMilliseconds),
            energy.Microjoules,
            energy.Source,
            EmbeddingMark.Extension);
    }

    /// <summary>What closes the hold if the receipt can't be written: then nothing is sent.</summary>
    public Closing Unsent(Closing closing) => closing with
    {
        Outcome = Outcome.Interrupted,
        CompletionCommitment = Commitment.Begin(hold.CompletionSalt).Current(),
    };

    /// <summary>How it went, for whoever counts.</summary>
    public CompletedAnswer Completed(Receipt receipt, EmbeddingResult result, TimeSpan total) => new(
        receipt,
        new CompletedAnswer.Opening(hold.PromptSalt, hold.CompletionSalt, hold.ExecutionSalt),
        new GenerationResult(
            result.Reason, (int)hold.PromptTokens, 0, 0, null, result.QueueTime, result.ComputeTime, TimeSpan.Zero, result.RanAlone, [], result.Error),
        total,
        request.Api);
}
