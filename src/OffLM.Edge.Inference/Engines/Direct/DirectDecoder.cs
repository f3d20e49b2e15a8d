using OffLM.Edge.Inference.Interop.LibC;
using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>A decoder's graph and the rows of its cache: computes a piece of one row's prompt, or the next token of neighbouring rows.</summary>
internal sealed unsafe class DirectDecoder : IDisposable
{
    /// <summary>The mask of a step is a little wider than it must be, so that it is bound once in so many steps. GroupQueryAttention takes each
    /// row's length from its sum.</summary>
    private const int MaskStep = 64;

    private readonly OrtSession _session;
    private readonly DirectNames _names;
    private readonly DirectInputs _inputs;
    private readonly AnonymousMemory _logits;
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
        _lastTokenOnly = session.Outputs.First(o => o.Name == settings.Logits).Shape[1] == 1;
        Cache = new KeyValueCache(settings.Layers, _heads, _headSize, rows, contextLength);
        _inputs = new DirectInputs(rows, Cache.Length);
        _logits = new AnonymousMemory((long)rows * vocabularySize * sizeof(float));
        _bindings = new RowBinding?[rows * rows];
    }

    internal KeyValueCache Cache { get; }

    /// <summary>What the next prefill or step is computed with; null for nothing but the model.</summary>
    internal LoraAdapter? Adapter { get; set; }

    internal int ContextLength { get; }

    internal int VocabularySize { get; }

    /// <summary>Loads an adapter for this graph.</summary>
    /// <exception cref="ModelLoadException">It doesn't fit; says why.</exception>
    internal LoraAdapter LoadAdapter(StoredModel model) => LoraAdapter.Load(model, _session, _bindings.Length);

    /// <summary>Computes a piece of a prompt.</summary>
    /// <param name="row">Whose.</param>
    /// <param name="length">Tokens that are in the row already.</param>
    /// <param name="tokens">What follows.</param>
    /// <param name="logits">Takes the scores after the last of them.</param>
    /// <param name="options">To stop it with.</param>
    internal void Prefill(int row, int length, ReadOnlySpan<int> tokens, float* logits, OrtRunOptions options)
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

    /// <summary>Begins a step: says a row's next token. A row that is only computed because its neighbours are gets any token.</summary>
    /// <param name="place">The row's place in the step.</param>
    /// <param name="token">What follows.</param>
    /// <param name="length">Tokens before it.</param>
    /// <param name="longest">The longest row's tokens.</param>
    internal void Next(int place, int token, int length, int longest) => _inputs.Next(place, token, length, MaskWidth(longest));

    /// <summary>Computes the next token of neighbouring rows.</summary>
    /// <returns>Their scores, one row after the other; valid until the next step.</returns>
    internal float* Step(int firstRow, int rows, int longest)
    {
        var logits = (float*)_logits.Address;
        var binding = Binding(firstRow, rows);
        binding.Inputs(_inputs, 1, MaskWidth(longest));
        binding.Logits(logits, 1, VocabularySize);
        _session.Run(binding.Binding, _stepOptions);
        return logits;
    }

    public void Dispose()
    {
        Array.ForEach(_bindings, b => b?.Dispose());
        _stepOptions.Dispose();
        _session.Dispose();
        _inputs.Dispose();
        _logits.Dispose();
        Cache.Dispose();
    }

    private int MaskWidth(int longest) => Math.Min((longest + MaskStep) / MaskStep * MaskStep, Cache.Length);

    private RowBinding Binding(int firstRow, int rows) => (Adapter?.Bindings ?? _bindings)[(firstRow * Cache.Rows) + rows - 1]
        ??= new RowBinding(_session, _names, Cache, _headSize, _heads, firstRow, rows, Adapter);
}
