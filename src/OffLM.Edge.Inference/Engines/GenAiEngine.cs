using System.Globalization;
using OffLM.Edge.Inference.Interop.GenAi;

namespace OffLM.Edge.Inference;

/// <summary>A model served by ONNX Runtime GenAI.</summary>
public sealed class GenAiEngine : IEngine
{
    private readonly GenAiModel _model;
    private readonly GenAiTokenizer _tokenizer;
    private readonly GenAiSettings _settings;
    private readonly SpecialTokens _special;

    private GenAiEngine(GenAiModel model, GenAiTokenizer tokenizer, GenAiSettings settings, SpecialTokens special, EngineDescription description)
    {
        _special = special;
        _model = model;
        _tokenizer = tokenizer;
        _settings = settings;
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
    /// <exception cref="ModelLoadException">The libraries are missing, or the model can't be loaded; says why.</exception>
    public static GenAiEngine Load(string folder, int threads = 0)
    {
        var versions = InferenceLibraries.Load();
        var settings = GenAiSettings.Read(folder);
        var special = SpecialTokens.Read(folder);
        GenAiModel? model = null;
        try
        {
            model = GenAiModel.Load(folder, Overlay(threads));
            var description = new EngineDescription("onnxruntime-genai", versions, model.DeviceType(), threads);
            return new GenAiEngine(model, new GenAiTokenizer(model), settings, special, description);
        }
        catch (InferenceException e)
        {
            model?.Dispose();
            throw new ModelLoadException($"the engine refuses its files: {WithoutFolder(e.Message, folder)}", folder, e);
        }
    }

    public int[] Encode(string text) => text.Length == 0 ? [] : _tokenizer.Encode(text);

    public string Decode(ReadOnlySpan<int> tokens) => tokens.IsEmpty ? "" : _tokenizer.Decode(tokens);

    public string ApplyChatTemplate(string messagesJson, string? toolsJson, bool addGenerationPrompt)
    {
        JsonText.RequireArrayOfObjects(messagesJson, "messages");
        if (toolsJson is not null)
        {
            JsonText.RequireArrayOfObjects(toolsJson, "tools");
        }

        try
        {
            return _tokenizer.ApplyChatTemplate(
                Clean(messagesJson), toolsJson is null ? null : Clean(toolsJson), addGenerationPrompt);
        }
        catch (InferenceException)
        {
            // The library's message quotes the conversation, so neither it nor the exception goes on.
            throw new InferenceException(
                "The model's chat template refuses these messages: it has none, or wants other roles, another order or text content only.");
        }
    }

    public ITokenStream CreateTokenStream() => _tokenizer.CreateStream();

    public ISlot CreateSlot(int maxTokens, Guidance? guidance = null)
    {
        if (guidance is null)
        {
            return new GenAiSlot(new GenAiGenerator(_model, maxTokens, VocabularySize, null, null), maxTokens, guided: false);
        }

        var schema = GuidanceSchema.Prepare(guidance);
        try
        {
            return new GenAiSlot(new GenAiGenerator(_model, maxTokens, VocabularySize, "json_schema", schema), maxTokens, guided: true);
        }
        catch (InferenceException e) when (e.Message.Contains("grammar", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidGuidanceException(GuidanceSchema.Refusal(e.Message), e);
        }
    }

    public void Dispose()
    {
        _tokenizer.Dispose();
        _model.Dispose();
    }

    /// <summary>What neither ends the prompt early nor writes a part of its structure.</summary>
    private string Clean(string json) => JsonText.WithoutNul(_special.Defuse(json));

    /// <summary>The library names files with their whole path; callers get the file only.</summary>
    private static string WithoutFolder(string message, string folder) => message
        .Replace(folder.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, "", StringComparison.Ordinal)
        .Replace(folder, "its folder", StringComparison.Ordinal);

    private static string Overlay(int threads) => threads == 0
        ? "{}"
        : """{"model":{"decoder":{"session_options":{"intra_op_num_threads":"""
            + threads.ToString(CultureInfo.InvariantCulture) + "}}}}";
}
