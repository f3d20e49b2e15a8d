namespace OffLM.Edge.Inference;

/// <summary>A loaded model for as long as one request needs it. Dispose it when the request is done; the model stays for its keep-alive.</summary>
public sealed class ModelLease : IDisposable
{
    private readonly LoadedEngine _loaded;
    private Action? _release;

    internal ModelLease(StoredModel model, LoadedEngine loaded, TimeSpan loadDuration, Action release)
    {
        Model = model;
        LoadDuration = loadDuration;
        _loaded = loaded;
        _release = release;
    }

    /// <summary>What was asked for; of an adapter, its base.</summary>
    public StoredModel Model { get; }

    /// <summary>The adapter that was asked for; null for a model by itself.</summary>
    public StoredModel? Adapter { get; internal init; }

    internal LoraAdapter? Loaded { get; init; }

    /// <summary>The receipt's model id: 64 lower-case hexadecimal digits.</summary>
    public string ModelId => Model.Id;

    /// <summary>Tokens of prompt and completion together.</summary>
    public int ContextLength => _loaded.Engine.ContextLength;

    /// <summary>What computes it, for the execution record.</summary>
    public EngineDescription Engine => _loaded.Engine.Description;

    /// <summary>How long this request waited for the model to be verified and loaded; zero if it was in memory.</summary>
    public TimeSpan LoadDuration { get; }

    /// <summary>Where generations are started; of a model that answers.</summary>
    public GenerationScheduler Scheduler => (GenerationScheduler)_loaded.Loop;

    /// <summary>Where embeddings are made; of a model that makes them.</summary>
    public EmbeddingScheduler Embeddings => (EmbeddingScheduler)_loaded.Loop;

    /// <summary>A request for this lease's adapter; unchanged for a model by itself.</summary>
    public GenerationRequest Adapted(GenerationRequest request) => Loaded is null ? request : request with { Adapter = Loaded };

    /// <summary>How many tokens the model knows.</summary>
    public int VocabularySize => _loaded.Engine.VocabularySize;

    /// <summary>The token ids of a text, as a prompt: special tokens written out in it are recognised, and no begin token is added (a chat
    /// template writes its own). U+0000 becomes U+FFFD.</summary>
    public int[] Encode(string text) => _loaded.Engine.Encode(text);

    /// <summary>How many tokens a text is.</summary>
    public int CountTokens(string text) => Encode(text).Length;

    /// <summary>The text of some tokens, without special tokens.</summary>
    public string Decode(ReadOnlySpan<int> tokens) => Answering.Decode(tokens);

    /// <summary>Renders a conversation with the model's chat template; only the template's own special tokens are recognised afterwards.</summary>
    /// <param name="messagesJson">A JSON array of messages with at least <c>role</c> and <c>content</c>.</param>
    /// <param name="toolsJson">A JSON array of tool definitions, or null.</param>
    /// <param name="addGenerationPrompt">True to end with the opening of the assistant's turn.</param>
    /// <exception cref="InferenceException">The model has no template, or it refuses these messages; says why.</exception>
    public string ApplyChatTemplate(string messagesJson, string? toolsJson = null, bool addGenerationPrompt = true) =>
        Answering.ApplyChatTemplate(messagesJson, toolsJson, addGenerationPrompt);

    private IEngine Answering => (IEngine)_loaded.Engine;

    /// <summary>Lets go of the model. Generations that still run go on while it stays in memory.</summary>
    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}
