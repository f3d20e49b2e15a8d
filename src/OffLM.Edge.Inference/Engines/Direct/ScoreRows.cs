namespace OffLM.Edge.Inference;

/// <summary>Scores in memory of the decoder's or a slot's: a row for each token.</summary>
/// <param name="logits">The rows' beginning; null for none.</param>
/// <param name="vocabularySize">A row's scores.</param>
/// <param name="maxima">The largest of each of <see cref="LogitBlocks"/>, a row for each token too; null if they are not known.</param>
internal readonly unsafe struct ScoreRows(float* logits, int vocabularySize, float* maxima = null)
{
    private readonly float* _logits = logits;
    private readonly float* _maxima = maxima;

    internal bool IsEmpty => _logits == null;

    /// <summary>The first row.</summary>
    internal Span<float> Logits => new(_logits, vocabularySize);

    /// <summary>The first row's; empty if they are not known.</summary>
    internal Span<float> Maxima => new(_maxima, _maxima == null ? 0 : Blocks);

    private int Blocks => LogitBlocks.CountOf(vocabularySize);

    /// <summary>The rows from one on.</summary>
    internal ScoreRows From(int row) => new(_logits + ((long)row * vocabularySize), vocabularySize, _maxima == null ? null : _maxima + ((long)row * Blocks));

    /// <summary>Copies the first row.</summary>
    internal void CopyTo(ScoreRows to)
    {
        Logits.CopyTo(to.Logits);
        Maxima.CopyTo(to.Maxima);
    }
}
