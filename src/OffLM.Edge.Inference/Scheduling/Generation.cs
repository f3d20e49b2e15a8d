namespace OffLM.Edge.Inference;

/// <summary>One running completion.</summary>
public sealed class Generation
{
    /// <summary>The text as it comes, once. Ends normally whatever the reason was; see <see cref="Completion"/>.</summary>
    public IAsyncEnumerable<GenerationPiece> ReadAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Ends it within one step, with <see cref="FinishReason.Cancelled"/>. May be called any time, from any thread, repeatedly.</summary>
    public void Cancel() => throw new NotImplementedException();

    /// <summary>Says that so many more tokens reached the client. Without it a generation pauses 256 tokens after its reader.</summary>
    public void Delivered(int tokens) => throw new NotImplementedException();

    /// <summary>Prompt tokens reused from an earlier turn; known once the first piece is there.</summary>
    public int CachedTokens => throw new NotImplementedException();

    /// <summary>How it went. Never faults: engine errors are a <see cref="FinishReason.Error"/>.</summary>
    public Task<GenerationResult> Completion => throw new NotImplementedException();
}
