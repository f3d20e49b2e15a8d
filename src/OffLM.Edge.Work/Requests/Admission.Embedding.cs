using OffLM.Edge.Inference;
using OffLM.Edge.Metering;
using OffLM.Edge.Signing;
using OffLM.Edge.Work.Callers;

namespace OffLM.Edge.Work.Requests;

/// <summary>Embeddings: taken as answers are, and made before this returns.</summary>
internal sealed partial class Admission
{
    /// <summary>What makes the hold keep as much credit back as the texts can cost: embeddings have no completion tokens, but with a limit of none
    /// nothing would be owed.</summary>
    private const uint HeldTokens = 1;

    /// <summary>Takes a request for embeddings and makes them.</summary>
    /// <exception cref="RefusedException">It is not taken; says why. Or its receipt could not be written.</exception>
    public async Task<EmbeddingAnswer> EmbedAsync(Caller caller, EmbeddingRequest request, CancellationToken cancellation)
    {
        var startedAt = clock.Monotonic;
        RefuseUnlessServing();
        RefuseBeyondLimits(caller, request.Model);
        if (Retry.KeyOf(caller, request.RetryKey) is { } retryKey && recent.Find(retryKey, request.RetryDigest) is { } replay)
        {
            return OpenEmbedding.Of(replay, request.Inputs.Count);
        }

        using var lease = await AcquireAsync(request.Model, request.KeepAlive, ModelUse.Embedding, cancellation);
        var sequences = EmbeddingTexts.Tokenise(lease, request);
        var dimensions = EmbeddingTexts.DimensionsOf(lease, request);
        var hold = await HoldPlaceAsync(caller, lease, request, sequences, dimensions);
        var open = new OpenEmbedding(hold, caller, lease, request);
        book.Open(open);
        Embedding? work = null;
        var energy = AnswerEnergy.Of(board, () => work is { HasBegun: true });
        work = lease.Embeddings.Start(sequences, dimensions, energy.Count);
        EmbeddingResult result;
        await using (cancellation.UnsafeRegister(static w => ((Embedding)w!).Cancel(), work))
        {
            result = await work.Completion;
        }

        energy.End();
        if (cancellation.IsCancellationRequested && result.Reason == FinishReason.Stop)
        {
            // All are made, but nobody is left to send them to.
            result = result with { Reason = FinishReason.Cancelled, Vectors = [] };
        }

        var closing = open.Close(result, energy, clock.Time.GetElapsedTime(startedAt));
        var receipt = await book.CloseAsync(open, closing, open.Unsent(closing));
        var completed = open.Completed(receipt, result, clock.Time.GetElapsedTime(startedAt));
        onCompleted(open, completed);
        return new EmbeddingAnswer(lease.LoadDuration, result.Vectors, dimensions, completed);
    }

    /// <summary>Takes a place in the queue and makes the hold durable.</summary>
    private async Task<Hold> HoldPlaceAsync(Caller caller, ModelLease lease, EmbeddingRequest request, int[][] sequences, int dimensions)
    {
        var (reserved, tokens) = (false, 0);
        foreach (var sequence in sequences)
        {
            tokens += sequence.Length;
        }

        try
        {
            lease.Embeddings.Reserve();
            reserved = true;
            var salt = Bytes32.Random();
            return await HoldAsync(caller, lease, Retry.KeyOf(caller, request.RetryKey), new Hold
            {
                PromptTokens = (uint)tokens,
                TokenLimit = HeldTokens,
                PromptCommitment = EmbeddingTexts.Commit(salt, request),
                PromptSalt = salt,
                ExecutionRecord = ExecutionRecord.Of(lease, dimensions, ranAlone: false),
            });
        }
        catch (Exception e)
        {
            if (reserved)
            {
                lease.Embeddings.GiveBack();
            }

            if (Refusals.From(e) is { } refusal)
            {
                throw refusal;
            }

            throw;
        }
    }
}
