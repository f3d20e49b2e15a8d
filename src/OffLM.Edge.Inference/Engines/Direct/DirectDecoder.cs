using System.Numerics.Tensors;
using OffLM.Edge.Inference.Interop.LibC;
using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>Feeds graphs that write new tokens into the cache itself. They compute in floats of 32 or 16 bits.</summary>
internal sealed unsafe class DirectDecoder : IDirectDecoder
{
    /// <summary>The mask of a step is a little wider than it must be, so that it is bound once in so many steps. GroupQueryAttention takes each
    /// row's length from its sum, and none that is wider than the model's positions.</summary>
    private const int MaskStep = 64;

    /// <summary>Tokens of a prompt that are computed at once.</summary>
    private const int Piece = 256;

    /// <summary>More cost more time, and are seldom right to the last.</summary>
    private const int MostGuesses = 8;

    private readonly OrtSession _session;
    private readonly DirectNames _names;
    private readonly DirectInputs _inputs;
    private readonly ScoreMemory _stepped;
    private readonly ScoreMemory _guessed;

    /// <summary>Where a graph of 16-bit floats gives the scores of a step; null for others.</summary>
    private readonly AnonymousMemory? _halves;
    private readonly int _halfRows;
    private readonly OrtRunOptions _stepOptions = new();
    private readonly RowBinding?[] _bindings;
    private readonly int _headSize;
    private readonly int _heads;
    private readonly bool _lastTokenOnly;

    /// <param name="session">The graph; disposed with the decoder.</param>
    /// <param name="settings">Its names and dimensions.</param>
    /// <param name="cacheType">Of its keys and values.</param>
    /// <param name="rows">Sequences of the cache.</param>
    /// <param name="contextLength">Tokens of a sequence at most.</param>
    /// <param name="vocabularySize">Scores of a token.</param>
    /// <param name="device">Takes memory for the cache; null for memory of this process.</param>
    /// <exception cref="InferenceException">There is not enough memory.</exception>
    internal DirectDecoder(
        OrtSession session, DecoderSettings settings, OrtElementType cacheType, int rows, int contextLength, int vocabularySize,
        Func<long, OrtDeviceMemory>? device = null)
    {
        _session = session;
        (_heads, _headSize) = (settings.KeyValueHeads, settings.HeadSize);
        Cache = new KeyValueCache(settings.Layers, _heads, _headSize, rows, contextLength, cacheType, device);
        (ContextLength, VocabularySize) = (contextLength, vocabularySize);
        GivesMaxima = DirectGraph.Has(session.Outputs, DecoderHead.Maxima);
        _names = new DirectNames(settings, session);
        _lastTokenOnly = DirectGraph.GivesLastTokenOnly(session, settings);
        _inputs = new DirectInputs(rows, Cache.Length);
        MaxDraft = _lastTokenOnly ? 0 : MostGuesses;
        _stepped = new ScoreMemory(rows, vocabularySize, GivesMaxima);
        _guessed = new ScoreMemory(MaxDraft + 1, vocabularySize, GivesMaxima);
        if (DirectGraph.GivesHalves(session, settings))
        {
            _halfRows = Math.Max(rows, MaxDraft + 1);
            _halves = new AnonymousMemory(HalfBytes(_halfRows));
        }

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

        // The graph gives the scores after each token.
        if (_halves is not null)
        {
            RunHalves(binding, tokens.Length, scores, tokens.Length, tokens.Length - 1, options);
            return;
        }

        // Room for them is taken for this piece only.
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

    /// <summary>Looks whether there is memory for a piece of a prompt, and whether keys and values are where they are expected to be: in two pieces, scores
    /// must be those of one.</summary>
    public void Try()
    {
        var tokens = new int[Math.Min(Piece, ContextLength)];
        for (var i = 0; i < tokens.Length; i++)
        {
            tokens[i] = i % VocabularySize;
        }

        Prefill(0, 0, tokens, _stepped.Rows, wanted: true, _stepOptions);
        var whole = _stepped.Rows.Logits.ToArray();
        var (row, first) = (Cache.Rows - 1, tokens.Length / 2);
        Prefill(row, 0, tokens.AsSpan(0, first), _stepped.Rows, wanted: false, _stepOptions);
        Prefill(row, first, tokens.AsSpan(first), _stepped.Rows, wanted: true, _stepOptions);
        Cache.Release(0);
        Cache.Release(row);
        if (LogitMath.Difference(whole, _stepped.Rows.Logits) > IDirectDecoder.Tolerance)
        {
            throw new InferenceException("what it kept of a prompt's first tokens is lost or changed when the next come");
        }
    }

    public void Dispose()
    {
        Array.ForEach(_bindings, b => b?.Dispose());
        _stepOptions.Dispose();
        Cache.Dispose();
        _session.Dispose();
        _inputs.Dispose();
        _stepped.Dispose();
        _guessed.Dispose();
        _halves?.Dispose();
    }

    /// <summary>Computes what is bound.</summary>
    /// <param name="binding">The rows' inputs.</param>
    /// <param name="tokens">New tokens of a row.</param>
    /// <param name="scores">Takes the scores.</param>
    /// <param name="wanted">After how many of them, up to the last, a row's scores are wanted.</param>
    /// <param name="options">To stop it with.</param>
    private ScoreRows Run(RowBinding binding, int tokens, ScoreRows scores, int wanted, OrtRunOptions options)
    {
        if (_halves is not null)
        {
            return RunHalves(binding, tokens, scores, wanted, 0, options);
        }

        Want(binding, tokens, wanted);
        binding.Scores(scores, wanted);
        _session.Run(binding.Binding, options);
        return scores;
    }

    /// <summary>The same where the graph gives 16-bit scores; so many of them are passed over.</summary>
    private ScoreRows RunHalves(RowBinding binding, int tokens, ScoreRows scores, int wanted, int passed, OrtRunOptions options)
    {
        var rows = binding.Rows * wanted;
        using var larger = rows > _halfRows ? new AnonymousMemory(HalfBytes(rows)) : null;
        var halves = (Half*)(larger ?? _halves!).Address;
        Want(binding, tokens, wanted);
        binding.Scores(halves, VocabularySize, wanted);
        _session.Run(binding.Binding, options);
        for (var row = passed; row < rows; row++)
        {
            TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(halves + ((long)row * VocabularySize), VocabularySize), scores.From(row - passed).Logits);
        }

        return scores;
    }

    private void Want(RowBinding binding, int tokens, int wanted)
    {
        _inputs.Want(wanted, tokens);
        binding.Wanted(_inputs, wanted);
    }

    private long HalfBytes(int rows) => (long)rows * VocabularySize * sizeof(ushort);

    private int MaskWidth(int longest) => Math.Min((longest + MaskStep) / MaskStep * MaskStep, ContextLength);

    /// <summary>What an accelerator reads is copied to it when it is bound: where that is the cache too, everything is bound anew for each run.</summary>
    private RowBinding Binding(int firstRow, int rows)
    {
        ref var binding = ref (Adapter?.Bindings ?? _bindings)[(firstRow * Cache.Rows) + rows - 1];
        if (!_session.IsOnCpu && !Cache.IsOnDevice)
        {
            binding?.Dispose();
            binding = null;
        }

        return binding ??= new RowBinding(_session, _names, Cache, _headSize, _heads, firstRow, rows, Adapter);
    }
}
