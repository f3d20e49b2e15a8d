using OffLM.Edge.Inference.Interop.LlGuidance;

namespace OffLM.Edge.Inference;

/// <summary>A model's grammars (llguidance), for whichever engine computes. The model's tokens are read when the first is asked for.</summary>
/// <param name="folder">The model's.</param>
/// <param name="settings">Its limits.</param>
internal sealed class Grammars(string folder, GenAiSettings settings) : IDisposable
{
    private readonly Lazy<LlgTokenizer> _tokenizer = new(() => Read(folder, settings));

    /// <exception cref="InvalidGuidanceException">The schema can't be compiled.</exception>
    /// <exception cref="InferenceException">This model's tokens can't be read for it, or the library has no grammars.</exception>
    internal LlgMatcher Start(Guidance guidance)
    {
        var schema = GuidanceSchema.Prepare(guidance);
        var tokenizer = _tokenizer.Value;
        try
        {
            return new LlgMatcher(tokenizer, schema);
        }
        catch (InferenceException e)
        {
            throw new InvalidGuidanceException(GuidanceSchema.Refusal(e.Message), e);
        }
    }

    public void Dispose()
    {
        if (_tokenizer.IsValueCreated)
        {
            _tokenizer.Value.Dispose();
        }
    }

    private static LlgTokenizer Read(string folder, GenAiSettings settings)
    {
        try
        {
            return new LlgTokenizer(File.ReadAllBytes(Path.Combine(folder, "tokenizer.json")), settings.VocabularySize, settings.EndTokens.First());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidGuidanceException("This model can't follow a schema: its tokenizer.json can't be read.", e);
        }
        catch (EntryPointNotFoundException e)
        {
            throw new InvalidGuidanceException("This node can't follow a schema: its ONNX Runtime GenAI was built without grammars.", e);
        }
    }
}
