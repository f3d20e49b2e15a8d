using System.Text.Json;

namespace OffLM.Edge.Lan.Serving;

/// <summary>Reads a prompt that goes to the tokenizer as it is.</summary>
internal static class PromptText
{
    /// <exception cref="ApiException">It is no string, or has U+0000 in it, where the tokenizer would end it.</exception>
    public static string Read(JsonElement value, string path)
    {
        var text = Fields.TextOf(value, path);
        return text.Contains('\0') ? throw Fields.Wrong(path, "text without the character U+0000", "with one") : text;
    }
}
