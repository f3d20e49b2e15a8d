using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>A model that makes embeddings, on ONNX Runtime. The tokenizer is GenAI's, or our own of the kind that GenAI lacks.</summary>
internal sealed class EmbeddingEngine : IModelEngine
{
    private readonly ITextTokenizer _text;
    private readonly EncoderInputs _inputs;
    private readonly float[] _whole;

    private EmbeddingEngine(ITextTokenizer text, OpenedEncoder opened, EmbeddingSettings settings, int contextLength, EngineDescription description)
    {
        (_text, _inputs, Settings, ContextLength, Description) = (text, opened.Inputs, settings, contextLength, description);
        MaxBatch = opened.Rows;
        _whole = new float[settings.Dimensions];
    }

    public EngineDescription Description { get; }

    public int ContextLength { get; }

    public int VocabularySize => Settings.Vocabulary;

    internal EmbeddingSettings Settings { get; }

    /// <summary>Sequences that can be computed together.</summary>
    internal int MaxBatch { get; }

    /// <summary>Loads a model's folder.</summary>
    /// <param name="folder">With an ONNX file and a tokenizer.</param>
    /// <param name="manifest">How it makes embeddings.</param>
    /// <param name="options">Threads and execution providers.</param>
    /// <exception cref="ModelLoadException">The libraries are missing, or the model can't be loaded; says why.</exception>
    internal static EmbeddingEngine Load(string folder, ModelManifest manifest, EncoderOptions options)
    {
        var versions = InferenceLibraries.Load();
        var settings = manifest.Embedding ?? throw new ModelLoadException("its manifest has no part \"embedding\".");
        var context = manifest.Context ?? throw new ModelLoadException("its manifest has no \"context\", the tokens that it can attend to.");
        ITextTokenizer? text = null;
        try
        {
            text = (ITextTokenizer?)WordPieceTokenizer.TryOpen(folder) ?? EncoderText.Open(folder, SpecialTokens.Read(folder));
            List<ProviderFailure> failed = [];
            var opened = ProviderLadder.Climb(options.Providers, new EncoderOpener(folder, settings, context, options).Open, failed);
            var description = new EngineDescription("onnxruntime-encoder", versions.OnnxRuntime, opened.Provider, options.Threads)
            {
                Failed = failed.ConvertAll(f => f with { Reason = ModelLoadException.WithoutFolder(f.Reason, folder) }),
                Placement = opened.Placement,
            };
            return new EmbeddingEngine(text, opened, settings, context, description);
        }
        catch (Exception e)
        {
            text?.Dispose();
            if (e is InferenceException and not ModelLoadException)
            {
                throw new ModelLoadException($"the engine refuses its files: {ModelLoadException.WithoutFolder(e.Message, folder)}", folder, e);
            }

            if (e is IOException or UnauthorizedAccessException)
            {
                throw new ModelLoadException("its tokenizer can't be opened.", e.Message, e);
            }

            throw;
        }
    }

    public int[] Encode(string text) => _text.Encode(text);

    /// <summary>Computes the embeddings of some sequences together.</summary>
    /// <param name="sequences">Their tokens, begin and end included.</param>
    /// <param name="places">Where in <paramref name="vectors"/> each one's embedding goes, in embeddings.</param>
    /// <param name="vectors">Takes them, one after the other.</param>
    /// <param name="dimensions">How many of an embedding's first numbers are wanted.</param>
    /// <param name="options">To stop it with.</param>
    internal void Embed(IReadOnlyList<int[]> sequences, IReadOnlyList<int> places, float[] vectors, int dimensions, OrtRunOptions options)
    {
        _inputs.Run(sequences, options);
        for (var row = 0; row < sequences.Count; row++)
        {
            var vector = vectors.AsSpan(places[row] * dimensions, dimensions);
            VectorMath.Pool(_inputs.VectorsOf(row, sequences[row].Length), Settings.Pooling, _whole);
            _whole.AsSpan(0, dimensions).CopyTo(vector);
            if (Settings.Normalize)
            {
                VectorMath.Normalise(vector);
            }
        }
    }

    public void Dispose()
    {
        _inputs.Dispose();
        _text.Dispose();
    }
}
