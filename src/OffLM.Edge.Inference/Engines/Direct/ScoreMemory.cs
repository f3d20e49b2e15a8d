using OffLM.Edge.Inference.Interop.LibC;

namespace OffLM.Edge.Inference;

/// <summary>Room for the scores of some tokens, taken as it is used.</summary>
internal sealed unsafe class ScoreMemory : IDisposable
{
    private readonly AnonymousMemory _logits;
    private readonly AnonymousMemory? _maxima;

    /// <param name="rows">Tokens.</param>
    /// <param name="vocabularySize">Scores of each.</param>
    /// <param name="withMaxima">Room for the largest of each of <see cref="LogitBlocks"/> too.</param>
    /// <exception cref="ModelLoadException">The system refuses so much address space.</exception>
    internal ScoreMemory(int rows, int vocabularySize, bool withMaxima)
    {
        _logits = new AnonymousMemory((long)rows * vocabularySize * sizeof(float));
        _maxima = withMaxima ? new AnonymousMemory((long)rows * LogitBlocks.CountOf(vocabularySize) * sizeof(float)) : null;
        Rows = new ScoreRows((float*)_logits.Address, vocabularySize, _maxima is null ? null : (float*)_maxima.Address);
    }

    internal ScoreRows Rows { get; }

    public void Dispose()
    {
        _logits.Dispose();
        _maxima?.Dispose();
    }
}
