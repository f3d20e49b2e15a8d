namespace OffLM.Edge.Inference.Tests.Support;

internal sealed class FakeSlot(FakeEngine engine, int number, int capacity) : ISlot
{
    private readonly List<int> _tokens = [];
    private int[] _guesses = [];
    private int _accepted;
    private readonly float[] _logits = new float[engine.VocabularySize];
    private bool _hasScores = true;

    public int Number => number;

    /// <summary>Set by <see cref="Abort"/>.</summary>
    public ManualResetEventSlim Aborted { get; } = new();

    public int Capacity => capacity;

    public int Length => _tokens.Count;

    public bool Guided => false;

    public Span<float> Logits
    {
        get
        {
            Assert.True(_hasScores, "Scores are looked at that were not wanted.");
            Array.Clear(_logits);
            _logits[engine.Next(_tokens)] = 10;
            return _logits;
        }
    }

    public void Prefill(ReadOnlySpan<int> tokens, bool scores = true)
    {
        Note($"prefill {tokens.Length}");
        _hasScores = scores;
        _tokens.AddRange(tokens);
        engine.Prefilled?.Invoke();
    }

    /// <summary>Puts tokens into the cache without a trace in the log.</summary>
    public void Fill(IEnumerable<int> tokens) => _tokens.AddRange(tokens);

    public int PickAllowed() => throw new InvalidOperationException("This engine has no grammars.");

    public void Step(int token)
    {
        Note("step");
        _tokens.Add(token);
    }

    public void Rewind(int length)
    {
        engine.Log.Enqueue((number, $"rewind {length}"));
        if (!engine.CanRewind)
        {
            throw new InferenceException("RewindTo is not supported.");
        }

        _tokens.RemoveRange(length, _tokens.Count - length);
    }

    public void Verify(ReadOnlySpan<int> tokens)
    {
        Note($"verify {tokens.Length - 1}");
        Assert.InRange(tokens.Length - 1, 1, engine.MaxDraft);
        _tokens.Add(tokens[0]);
        _guesses = tokens[1..].ToArray();
        _accepted = 0;
    }

    public void Accept()
    {
        engine.Log.Enqueue((number, "accept"));
        _tokens.Add(_guesses[_accepted++]);
    }

    public void Copy(ISlot from, int length)
    {
        var source = (FakeSlot)from;
        engine.Log.Enqueue((number, $"copy {length} from {source.Number}"));
        Assert.Equal(_tokens, source._tokens.Take(_tokens.Count));
        _tokens.AddRange(source._tokens.GetRange(_tokens.Count, length - _tokens.Count));
    }

    public void Abort() => Aborted.Set();

    public void Dispose() => engine.Log.Enqueue((number, "free"));

    private void Note(string what)
    {
        engine.Log.Enqueue((number, what));
        engine.During?.Invoke(this, what);
        if (Aborted.IsSet)
        {
            throw new InferenceException("The run was terminated.");
        }
    }
}
