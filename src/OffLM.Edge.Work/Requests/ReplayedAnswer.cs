using OffLM.Edge.Inference;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Work.Requests;

/// <summary>An answer given before, given again to a retry: one piece, the same receipt, no second charge.</summary>
internal sealed class ReplayedAnswer(StoredModel model, string text, CompletedAnswer completed) : IAnswer
{
    /// <summary>The whole answer.</summary>
    public string Text => text;

    /// <summary>Its receipt.</summary>
    public CompletedAnswer Completed => completed;

    public Bytes32 Request => completed.Receipt.Request;

    public StoredModel Model => model;

    public TimeSpan LoadDuration => TimeSpan.Zero;

    public int PromptTokens => (int)completed.Receipt.PromptTokens;

    public async IAsyncEnumerable<GenerationPiece> ReadAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.CompletedTask;
        cancellation.ThrowIfCancellationRequested();
        yield return new GenerationPiece(text, (int)completed.Receipt.CompletionTokens);
    }

    public void Delivered(in GenerationPiece piece)
    {
        // It was counted the first time.
    }

    public Task<CompletedAnswer> CompleteAsync() => Task.FromResult(completed);

    public ValueTask DisposeAsync() => default;
}
