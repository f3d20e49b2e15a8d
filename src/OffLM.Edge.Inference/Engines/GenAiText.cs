using OffLM.Edge.Inference.Interop.GenAi;

namespace OffLM.Edge.Inference;

/// <summary>A model's tokenizer and chat template: GenAI's, for whichever engine computes.</summary>
internal sealed class GenAiText(GenAiModel model, GenAiTokenizer tokenizer, SpecialTokens special) : ITextTokenizer
{
    internal GenAiModel Model => model;

    /// <summary>Opens what is in the model's folder; the model is this object's from now on.</summary>
    /// <exception cref="InferenceException">The library's reason.</exception>
    internal static GenAiText Open(GenAiModel model, SpecialTokens special)
    {
        try
        {
            return new GenAiText(model, new GenAiTokenizer(model), special);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public int[] Encode(string text) => text.Length == 0 ? [] : tokenizer.Encode(text);

    internal string Decode(ReadOnlySpan<int> tokens) => tokens.IsEmpty ? "" : tokenizer.Decode(tokens);

    internal string ApplyChatTemplate(string messagesJson, string? toolsJson, bool addGenerationPrompt)
    {
        JsonText.RequireArrayOfObjects(messagesJson, "messages");
        if (toolsJson is not null)
        {
            JsonText.RequireArrayOfObjects(toolsJson, "tools");
        }

        try
        {
            return tokenizer.ApplyChatTemplate(
                Clean(messagesJson), toolsJson is null ? null : Clean(toolsJson), addGenerationPrompt);
        }
        catch (InferenceException)
        {
            // The library's message quotes the conversation, so neither it nor the exception goes on.
            throw new InferenceException(
                "The model's chat template refuses these messages: it has none, or wants other roles, another order or text content only.");
        }
    }

    internal ITokenStream CreateTokenStream() => tokenizer.CreateStream();

    public void Dispose()
    {
        tokenizer.Dispose();
        model.Dispose();
    }

    /// <summary>What neither ends the prompt early nor writes a part of its structure.</summary>
    private string Clean(string json) => JsonText.WithoutNul(special.Defuse(json));
}
