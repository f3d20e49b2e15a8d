namespace OffLM.Edge.Inference;

/// <summary>One loaded model: tokenizer, chat template and the slots in which sequences are computed.</summary>
/// <remarks>The tokenizer's members may be called from any thread; slots belong to the scheduler's decode thread.</remarks>
public interface IEngine : IModelEngine
{
    /// <summary>Tokens that end a completion. They are never part of its text.</summary>
    IReadOnlyCollection<int> EndTokens { get; }

    /// <summary>Bytes of key-value cache that one token takes in a slot.</summary>
    long CacheBytesPerToken { get; }

    /// <summary>How many slots may hold tokens at the same time.</summary>
    int MaxSlots => int.MaxValue;

    /// <summary>How many slots one step computes for little more than one costs; 1 if each is computed by itself.</summary>
    int MaxBatch => 1;

    /// <summary>How many guessed tokens <see cref="ISlot.Verify"/> can check in one step; 0 if the model gives scores after the last token only.</summary>
    int MaxDraft => 0;

    /// <summary>True if a slot can take over what another one has computed, see <see cref="ISlot.Copy"/>.</summary>
    bool CanCopySlots => false;

    /// <summary>The text of some tokens; incomplete UTF-8 at its edges becomes U+FFFD.</summary>
    string Decode(ReadOnlySpan<int> tokens);

    /// <summary>Renders a conversation with the model's chat template. Special tokens written out in its texts are broken by an invisible character,
    /// so that only the template's own are recognised.</summary>
    /// <param name="messagesJson">A JSON array of messages with at least <c>role</c> and <c>content</c>.</param>
    /// <param name="toolsJson">A JSON array of tool definitions, or null for none.</param>
    /// <param name="addGenerationPrompt">True to end with the opening of the assistant's turn.</param>
    /// <exception cref="InferenceException">The model has no template, or it refuses these messages.</exception>
    string ApplyChatTemplate(string messagesJson, string? toolsJson, bool addGenerationPrompt);

    /// <summary>Turns a stream of tokens into text, one token at a time.</summary>
    ITokenStream CreateTokenStream();

    /// <summary>Makes room for a sequence of at most <paramref name="maxTokens"/> tokens; its cache memory is taken now.</summary>
    /// <param name="maxTokens">1 to <see cref="ContextLength"/>.</param>
    /// <param name="guidance">What the output must conform to. Compiling it can take a second with a large vocabulary.</param>
    /// <exception cref="InvalidGuidanceException">The schema can't be compiled.</exception>
    ISlot CreateSlot(int maxTokens, Guidance? guidance = null);

    /// <summary>Loads an adapter that slots can be computed with.</summary>
    /// <param name="model">The adapter, verified.</param>
    /// <exception cref="ModelLoadException">This engine has none, or it doesn't fit the model.</exception>
    internal LoraAdapter LoadAdapter(StoredModel model) => throw new ModelLoadException(
        $"The adapter {model.Name} can't be loaded: its base model is computed by {Description.Name}, which takes none. Set inference.engine to auto or direct.");

    /// <summary>Appends each slot's chosen token and computes the logits after it. Scores depend a little, in their last digits, on how many are computed
    /// together: <see cref="ISlot.Step"/> computes one alone.</summary>
    /// <param name="slots">At most <see cref="MaxBatch"/>, none twice, all with the same adapter.</param>
    /// <param name="tokens">One for each.</param>
    void Step(ReadOnlySpan<ISlot> slots, ReadOnlySpan<int> tokens)
    {
        for (var i = 0; i < slots.Length; i++)
        {
            slots[i].Step(tokens[i]);
        }
    }
}
