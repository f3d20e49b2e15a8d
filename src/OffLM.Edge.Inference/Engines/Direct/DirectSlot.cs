using System.Runtime.CompilerServices;
using OffLM.Edge.Inference.Interop.LlGuidance;
using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>One sequence of the direct engine. It takes a row of the cache with its first token; the row may change between two steps.</summary>
/// <param name="engine">Whose.</param>
/// <param name="grammar">Knows which tokens are allowed; null if all are.</param>
internal sealed unsafe class DirectSlot(DirectEngine engine, LlgMatcher? grammar) : ISlot
{
    internal const int NoRow = -1;

    /// <summary>The scores after the prompt stay here while others are stepped. Not moved by the garbage collector.</summary>
    private readonly float[] _own = GC.AllocateUninitializedArray<float>(engine.VocabularySize, pinned: true);
    private readonly float[] _ownMaxima = GC.AllocateUninitializedArray<float>(engine.GivesMaxima ? LogitBlocks.CountOf(engine.VocabularySize) : 0, pinned: true);
    private readonly OrtRunOptions _prefill = new();

    private ScoreRows _scores;

    /// <summary>Guesses that were computed and may still be accepted.</summary>
    private int _guesses;

    public int Capacity => engine.ContextLength;

    public int Reserved => Length;

    public int Length { get; internal set; }

    public bool Guided => grammar is not null;

    public Span<float> Logits => !_scores.IsEmpty
        ? _scores.Logits
        : throw new InvalidOperationException("A slot has scores after a prefill or a step only.");

    public ReadOnlySpan<float> Maxima => _scores.Maxima;

    LoraAdapter? ISlot.Adapter { get; set; }

    /// <summary>Its row in the cache, or <see cref="NoRow"/>.</summary>
    internal int Row { get; set; } = NoRow;

    /// <summary>The engine's count of batches when it was last stepped among others.</summary>
    internal long LastBatch { get; set; } = long.MinValue / 2;

    public void Prefill(ReadOnlySpan<int> tokens, bool scores = true)
    {
        var maxima = _ownMaxima.Length == 0 ? null : (float*)Unsafe.AsPointer(ref _ownMaxima[0]);
        var own = new ScoreRows((float*)Unsafe.AsPointer(ref _own[0]), engine.VocabularySize, maxima);
        engine.Prefill(this, tokens, own, scores, _prefill);
        _scores = scores ? own : default;
    }

    public int PickAllowed() => grammar is not null
        ? grammar.Take(Logits)
        : throw new InvalidOperationException("Only a guided slot picks by its grammar.");

    public void Step(int token) => engine.Step([this], [token]);

    public void Verify(ReadOnlySpan<int> tokens)
    {
        Stepped(engine.Verify(this, tokens));
        _guesses = tokens.Length - 1;
    }

    public void Accept()
    {
        if (_guesses == 0)
        {
            throw new InvalidOperationException("No guess is left to accept.");
        }

        _guesses--;
        Length++;
        _scores = _scores.From(1);
    }

    public void Rewind(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)Length, nameof(length));
        Length = length;
        _scores = default;
        _guesses = 0;
    }

    public void Copy(ISlot from, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(length, Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, from.Length);
        engine.Copy((DirectSlot)from, this, length);
        _scores = default;
    }

    public void Abort() => _prefill.Terminate();

    public void Dispose()
    {
        engine.Free(this);
        _prefill.Dispose();
        grammar?.Dispose();
    }

    /// <summary>Says where the scores after a step are.</summary>
    internal void Stepped(ScoreRows scores)
    {
        Length++;
        _scores = scores;
        _guesses = 0;
    }
}
