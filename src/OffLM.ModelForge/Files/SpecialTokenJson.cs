using System.Text.Json;
using OffLM.ModelForge.Tokenizer;

namespace OffLM.ModelForge.Files;

/// <summary>How tokenizer.json and tokenizer_config.json both describe a special token.</summary>
internal static class SpecialTokenJson
{
    /// <summary>Writes the token's properties into the object that is open.</summary>
    public static void WriteProperties(Utf8JsonWriter json, SpecialToken token)
    {
        json.WriteString("content", token.Text);
        json.WriteBoolean("single_word", false);
        json.WriteBoolean("lstrip", false);
        json.WriteBoolean("rstrip", false);
        json.WriteBoolean("normalized", false);
        json.WriteBoolean("special", token.IsControl);
    }
}
