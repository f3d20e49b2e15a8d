using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>Feeds graphs that write new tokens into the cache itself.</summary>
internal sealed class DirectDecoder : IDirectDecoder
{
    /// <summary>The mask of a step is a little wider than it must be, so that it is bound once in so many steps. GroupQueryAttention takes each
    /// row's length from its sum.</summary>
    private const int MaskStep = 64;

    /// <summary>More cost more time, and are seldom right to the last.</summary>
    private const int MostGuesses = 8;

    private readonly OrtSession _session;
    private readonly DirectNames _names;
    private readonly DirectInputs _inputs;
    private readonly ScoreMemory _stepped;
    private readonly ScoreMemory _guessed;
    private readonly OrtRunOptions _stepOptions = new();
    private readonly RowBinding?[] _bindings;
    private readonly int _headSize;
    private readonly int _heads;
    private readonly bool _lastTokenOnly;

    internal DirectDecoder(OrtSession session, DecoderSettings settings, int rows, int contextLength, int vocabularySize)
    {
        _session = session;
        (_heads, _headSize) = (settings.KeyValueHeads, settings.HeadSize);
        (ContextLength, VocabularySize) = (contextLength, vocabularySize);
        GivesMaxima = DirectGraph.Has(session.Outputs, DecoderHead.Maxima);
        _names = new DirectNames(settings, session);
        _lastTokenOnly = DirectGraph.GivesLastTokenOnly(session, settings);
        Cache = new KeyValueCache(settings.Layers, _heads, _headSize, rows, contextLength);
        _inputs = new DirectInputs(rows, Cache.Length);
        MaxDraft = _lastTokenOnly ? 0 : MostGuesses;
        _stepped = new ScoreMemory(rows, vocabularySize, GivesMaxima);
        _guessed = new ScoreMemory(MaxDraft + 1, vocabularySize, GivesMaxima);
        _bindings = new RowBinding?[rows * rows];
    }

    public KeyValueCache Cache { get; }

    public LoraAdapter? Adapter { get; set; }

    public int ContextLength { get; }

    public int VocabularySize { get; }

    public int MaxDraft { get; }

    public bool GivesMaxima { get; }

    public LoraAdapter LoadAdapter(StoredModel model) => LoraAdapter.Load(model, _session, _bindings.Length);

    public void Prefill(int row, int length, ReadOnlySpan<int> tokens, ScoreRows scores, bool wanted, OrtRunOptions options)
    {
        _inputs.Prompt(tokens, length);
        var binding = Binding(row, 1);
        binding.Inputs(_inputs, tokens.Length, length + tokens.Length);
        if (_lastTokenOnly || _names.Wanted is not null || tokens.Length == 1)
        {
            Run(binding, tokens.Length, scores, wanted || _names.Wanted is null ? 1 : 0, options);
            return;
        }

        // The graph gives the scores after each token: room for them is taken for this piece only.
        using var all = new ScoreMemory(tokens.Length, VocabularySize, GivesMaxima);
        try
        {
            Run(binding, tokens.Length, all.Rows, tokens.Length, options);
            all.Rows.From(tokens.Length - 1).CopyTo(scores);
        }
        finally
        {
            binding.Scores(scores, 1);
        }
    }

    public void Next(int place, int token, int length, int longest) => _inputs.Next(place, token, length, MaskWidth(longest));

    public ScoreRows Step(int firstRow, int rows, int longest)
    {
        var binding = Binding(firstRow, rows);
        binding.Inputs(_inputs, 1, MaskWidth(longest));
        return Run(binding, 1, _stepped.Rows, 1, _stepOptions);
    }

    public ScoreRows Verify(int row, int length, ReadOnlySpan<int> tokens)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens.Length, MaxDraft + 1, nameof(tokens));
        _inputs.Prompt(tokens, length);
        var binding = Binding(row, 1);
        binding.Inputs(_inputs, tokens.Length, length + tokens.Length);
        return Run(binding, tokens.Length, _guessed.Rows, tokens.Length, _stepOptions);
    }

    public void Try()
    {
        Prefill(0, 0, [1, 2, 3, 4], _stepped.Rows, wanted: true, _stepOptions);
        Cache.Release(0);
        if (!float.IsFinite(LogitMath.Max(_stepped.Rows.Logits)))
        {
            throw new InferenceException("its scores are no numbers");
        }
    }

    public void Dispose()
    {
        Array.ForEach(_bindings, b => b?.Dispose());
        _stepOptions.Dispose();
        _session.Dispose();
        _inputs.Dispose();
        _stepped.Dispose();
        _guessed.Dispose();
        Cache.Dispose();
    }

    /// <summary>Computes what is bound.</summary>
    /// <param name="binding">The rows' inputs.</param>
    /// <param name="tokens">New tokens of a row.</param>
    /// <param name="scores">Takes the scores.</param>
    /// <param name="wanted">After how many of them, up to the last, a row's scores are wanted.</param>
    /// <param name="options">To stop it with.</param>
    private ScoreRows Run(RowBinding binding, int tokens, ScoreRows scores, int wanted, OrtRunOptions options)
    {
        _inputs.Want(wanted, tokens);
        binding.Wanted(_inputs, wanted);
        binding.Scores(scores, wanted);
        _session.Run(binding.Binding, options);
        return scores;
    }

    private int MaskWidth(int longest) => Math.Min((longest + MaskStep) / MaskStep * MaskStep, Cache.Length);

    /// <summary>What an accelerator reads is copied to it when it is bound: there everything is bound anew for each run.</summary>
    private RowBinding Binding(int firstRow, int rows)
    {
        ref var binding = ref (Adapter?.Bindings ?? _bindings)[(firstRow * Cache.Rows) + rows - 1];
        if (!_session.IsOnCpu)
        {
            binding?.Dispose();
            binding = null;
        }

        return binding ??= new RowBinding(_session, _names, Cache, _headSize, _heads, firstRow, rows, Adapter);
    }
}
