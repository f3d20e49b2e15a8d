using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>
/// Feeds graphs whose cache grows. All rows of a step have the same past to them, so the shorter ones get a gap behind their tokens that the mask
/// hides. The same past serves many steps: new tokens are copied into the gap, and into the row itself.
/// </summary>
internal sealed unsafe class GrowingDecoder : IDirectDecoder
{
    /// <summary>Tokens of a prompt computed at once: attention in single steps takes memory for each pair of a new token and an old one. TensorRT
    /// takes it for all rows.</summary>
    internal const int Piece = 128;

    private readonly GrowingWindow _prompt;
    private readonly GrowingWindow _steps;
    private readonly OrtSession _session;
    private readonly OrtRunOptions _stepOptions = new();
    private readonly int[] _tokens;
    private readonly int[] _lengths;

    internal GrowingDecoder(OrtSession session, DecoderSettings settings, int rows, int contextLength, int vocabularySize)
    {
        (_session, ContextLength, VocabularySize) = (session, contextLength, vocabularySize);
        (_tokens, _lengths) = (new int[rows], new int[rows]);
        Cache = new KeyValueCache(settings.Layers, settings.KeyValueHeads, settings.HeadSize, rows, contextLength);
        _prompt = new GrowingWindow(session, settings, Cache, 1, Piece, vocabularySize);
        _steps = new GrowingWindow(session, settings, Cache, rows, 1, vocabularySize);
    }

    public KeyValueCache Cache { get; }

    public int ContextLength { get; }

    public int VocabularySize { get; }

    /// <summary>What a full row takes, in the cache, in the graph's past and in what it gives back.</summary>
    internal static long RowBytes(DecoderSettings settings, int contextLength) =>
        3 * KeyValueCache.RowBytes(settings.Layers, settings.KeyValueHeads, settings.HeadSize, contextLength);

    public void Prefill(int row, int length, ReadOnlySpan<int> tokens, ScoreRows scores, bool wanted, OrtRunOptions options)
    {
        _steps.Forget(row, length);
        while (tokens.Length > 0)
        {
            var piece = tokens[..Math.Min(tokens.Length, Piece)];
            var computed = _prompt.Run(row, [length], piece, Width(length), options);
            tokens = tokens[piece.Length..];
            length += piece.Length;
            if (tokens.Length == 0 && wanted)
            {
                computed.Logits.CopyTo(scores.Logits);
            }
        }
    }

    public void Next(int place, int token, int length, int longest) => (_tokens[place], _lengths[place]) = (token, length);

    public ScoreRows Step(int firstRow, int rows, int longest)
    {
        for (var place = 0; place < rows; place++)
        {
            _prompt.Forget(firstRow + place, _lengths[place]);
        }

        return _steps.Run(firstRow, _lengths.AsSpan(0, rows), _tokens.AsSpan(0, rows), Width(longest), _stepOptions);
    }

    /// <summary>Looks whether the graph heeds mask and positions: with a wide gap, in two pieces, scores must be those of one piece without.</summary>
    /// <exception cref="UnknownGraphException">It doesn't.</exception>
    public void Try()
    {
        int[] tokens = [1, 2, 3, 4];
        var whole = _prompt.Run(0, [0], tokens, 1, _stepOptions).Logits.ToArray();
        var pieces = new float[VocabularySize];
        fixed (float* place = pieces)
        {
            var scores = new ScoreRows(place, VocabularySize);
            Prefill(0, 0, tokens.AsSpan(0, 3), scores, wanted: false, _stepOptions);
            Prefill(0, 3, tokens.AsSpan(3), scores, wanted: true, _stepOptions);
        }

        Cache.Release(0);
        if (LogitMath.Difference(whole, pieces) > IDirectDecoder.Tolerance)
        {
            throw new UnknownGraphException("its graph does not heed the attention mask and positions as expected");
        }
    }

    public void Dispose()
    {
        _prompt.Dispose();
        _steps.Dispose();
        _stepOptions.Dispose();
        _session.Dispose();
        Cache.Dispose();
    }

    private int Width(int longest) => Math.Min((longest / KeyValueCache.LengthStep * KeyValueCache.LengthStep) + KeyValueCache.LengthStep, Cache.Length);
}
