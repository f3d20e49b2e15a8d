using System.Globalization;
using OffLM.Edge.Inference.Interop.GenAi;

namespace OffLM.Edge.Inference;

/// <summary>A model served by ONNX Runtime GenAI, a sequence at a time.</summary>
public sealed class GenAiEngine : IEngine
{
    private readonly GenAiText _text;
    private readonly GenAiSettings _settings;
    private readonly Grammars _grammars;

    private GenAiEngine(GenAiText text, GenAiSettings settings, Grammars grammars, EngineDescription description)
    {
        _text = text;
        _settings = settings;
        _grammars = grammars;
        Description = description;
    }

    public EngineDescription Description { get; }

    public int ContextLength => _settings.ContextLength;

    public int VocabularySize => _settings.VocabularySize;

    public IReadOnlyCollection<int> EndTokens => _settings.EndTokens;

    public long CacheBytesPerToken => _settings.CacheBytesPerToken;

    /// <summary>Loads a model's folder; takes seconds for a large one.</summary>
    /// <param name="folder">With <c>genai_config.json</c>, ONNX files and tokenizer.</param>
    /// <param name="threads">Threads to compute with; 0 lets ONNX Runtime choose.</param>
    /// <param name="fallback">Why another engine doesn't compute this model, if one should have.</param>
    /// <exception cref="ModelLoadException">The libraries are missing, or the model can't be loaded; says why.</exception>
    public static GenAiEngine Load(string folder, int threads = 0, string? fallback = null)
    {
        var versions = InferenceLibraries.Load();
        var settings = GenAiSettings.Read(folder);
        var special = SpecialTokens.Read(folder);
        try
        {
            var text = GenAiText.Open(GenAiModel.Load(folder, Overlay(threads)), special);
            var description = new EngineDescription("onnxruntime-genai", versions.GenAi, text.Model.DeviceType(), threads, fallback);
            return new GenAiEngine(text, settings, new Grammars(folder, settings), description);
        }
        catch (InferenceException e)
        {
            throw new ModelLoadException($"the engine refuses its files: {ModelLoadException.WithoutFolder(e.Message, folder)}", folder, e);
        }
    }

    public int[] Encode(string text) => _text.Encode(text);

    public string Decode(ReadOnlySpan<int> tokens) => _text.Decode(tokens);

    public string ApplyChatTemplate(string messagesJson, string? toolsJson, bool addGenerationPrompt) =>
        _text.ApplyChatTemplate(messagesJson, toolsJson, addGenerationPrompt);

    public ITokenStream CreateTokenStream() => _text.CreateTokenStream();

    public ISlot CreateSlot(int maxTokens, Guidance? guidance = null)
    {
        var grammar = guidance is null ? null : _grammars.Start(guidance);
        try
        {
            return new GenAiSlot(new GenAiGenerator(_text.Model, maxTokens, VocabularySize), maxTokens, grammar);
        }
        catch
        {
            grammar?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _grammars.Dispose();
        _text.Dispose();
    }

    private static string Overlay(int threads) => threads == 0
        ? "{}"
        : """{"model":{"decoder":{"session_options":{"intra_op_num_threads":"""
            + threads.ToString(CultureInfo.InvariantCulture) + "}}}}";
}
