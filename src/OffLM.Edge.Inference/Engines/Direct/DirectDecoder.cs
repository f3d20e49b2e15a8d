using OffLM.Edge.Inference.Interop.LibC;
using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>Feeds graphs that write new tokens into the cache itself.</summary>
internal sealed unsafe class DirectDecoder : IDirectDecoder
{
    /// <summary>The mask of a step is a little wider than it must be, so that it is bound once in so many steps. GroupQueryAttention takes each
    /// row's length from its sum.</summary>
    private const int MaskStep = 64;

    /// <summary>More cost more time, and are seldom right to the last.</summary>
    private const int MostGuesses = 8;

    private readonly OrtSession _session;
    private readonly DirectNames _names;
    private readonly DirectInputs _inputs;
    private readonly AnonymousMemory _logits;
    private readonly AnonymousMemory? _guessed;
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
        _names = new DirectNames(settings, DirectGraph.Has(session.Inputs, settings.PositionIds));
        _lastTokenOnly = DirectGraph.GivesLastTokenOnly(session, settings);
        Cache = new KeyValueCache(settings.Layers, _heads, _headSize, rows, contextLength);
        _inputs = new DirectInputs(rows, Cache.Length);
        _logits = new AnonymousMemory((long)rows * vocabularySize * sizeof(float));
        _bindings = new RowBinding?[rows * rows];
        if (!_lastTokenOnly)
        {
            MaxDraft = MostGuesses;
            _guessed = new AnonymousMemory((long)(MostGuesses + 1) * vocabularySize * sizeof(float));
        }
    }

    public KeyValueCache Cache { get; }

    public LoraAdapter? Adapter { get; set; }

    public int ContextLength { get; }

    public int VocabularySize { get; }

    public int MaxDraft { get; }

    public LoraAdapter LoadAdapter(StoredModel model) => LoraAdapter.Load(model, _session, _bindings.Length);

    public void Prefill(int row, int length, ReadOnlySpan<int> tokens, float* logits, OrtRunOptions options)
    {
        _inputs.Prompt(tokens, length);
        var binding = Binding(row, 1);
        binding.Inputs(_inputs, tokens.Length, length + tokens.Length);
        if (_lastTokenOnly || tokens.Length == 1)
        {
            binding.Logits(logits, 1, VocabularySize);
            _session.Run(binding.Binding, options);
            return;
        }

        // The graph gives the scores after each token: room for them is taken for this piece only.
        using var all = new AnonymousMemory((long)tokens.Length * VocabularySize * sizeof(float));
        binding.Logits((float*)all.Address, tokens.Length, VocabularySize);
        try
        {
            _session.Run(binding.Binding, options);
            new ReadOnlySpan<float>((float*)all.Address + ((long)(tokens.Length - 1) * VocabularySize), VocabularySize)
                .CopyTo(new Span<float>(logits, VocabularySize));
        }
        finally
        {
            binding.Logits(logits, 1, VocabularySize);
        }
    }

    public void Next(int place, int token, int length, int longest) => _inputs.Next(place, token, length, MaskWidth(longest));

    public float* Step(int firstRow, int rows, int longest)
    {
        var logits = (float*)_logits.Address;
        var binding = Binding(firstRow, rows);
        binding.Inputs(_inputs, 1, MaskWidth(longest));
        binding.Logits(logits, 1, VocabularySize);
        _session.Run(binding.Binding, _stepOptions);
        return logits;
    }

    public float* Verify(int row, int length, ReadOnlySpan<int> tokens)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens.Length, MaxDraft + 1, nameof(tokens));
        var logits = (float*)_guessed!.Address;
        _inputs.Prompt(tokens, length);
        var binding = Binding(row, 1);
        binding.Inputs(_inputs, tokens.Length, length + tokens.Length);
        binding.Logits(logits, tokens.Length, VocabularySize);
        _session.Run(binding.Binding, _stepOptions);
        return logits;
    }

    public void Try()
    {
        var logits = new Span<float>((float*)_logits.Address, VocabularySize);
        Prefill(0, 0, [1, 2, 3, 4], (float*)_logits.Address, _stepOptions);
        Cache.Release(0);
        if (!float.IsFinite(LogitMath.Max(logits)))
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
        _logits.Dispose();
        _guessed?.Dispose();
        Cache.Dispose();
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
