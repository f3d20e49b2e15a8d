namespace OffLM.ModelForge.Tokenizer;

/// <summary>
/// The Jinja template that turns messages and tools into a prompt, in the ChatML form of the Qwen family.
/// It has to stay within what ONNX Runtime GenAI's template engine understands.
/// </summary>
internal static class ChatTemplate
{
    private const string Resource = "ChatTemplate.jinja";

    /// <summary>The template's text.</summary>
    public static string Text { get; } = Load();

    private static string Load()
    {
        using var stream = typeof(ChatTemplate).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"resource {Resource} is missing from the assembly");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
