using System.Globalization;
using System.Text.Json;
using OffLM.ModelForge.Tokenizer;

namespace OffLM.ModelForge.Files;

/// <summary>tokenizer_config.json: which tokens begin, end and pad, and the chat template.</summary>
internal static class TokenizerConfigFile
{
    /// <summary>Writes the file.</summary>
    public static void Write(string path, ModelRecipe recipe, TokenIds ids) => JsonFile.Write(path, json =>
    {
        json.WriteStartObject();
        json.WriteBoolean("add_prefix_space", false);
        WriteSpecialTokens(json, ids);
        json.WriteNull("bos_token");
        json.WriteString("eos_token", SpecialTokens.EndOfMessage);
        json.WriteString("pad_token", SpecialTokens.EndOfText);
        json.WriteNull("unk_token");
        json.WriteBoolean("clean_up_tokenization_spaces", false);
        json.WriteString("errors", "replace");
        json.WriteNumber("model_max_length", recipe.Context);
        json.WriteString("tokenizer_class", "Qwen2Tokenizer");
        json.WriteString("chat_template", recipe.Trained?.ChatTemplate ?? ChatTemplate.Text);
        json.WriteEndObject();
    });

    private static void WriteSpecialTokens(Utf8JsonWriter json, TokenIds ids)
    {
        json.WriteStartObject("added_tokens_decoder");
        foreach (var token in SpecialTokens.All)
        {
            json.WriteStartObject(ids.Of(token.Text).ToString(CultureInfo.InvariantCulture));
            SpecialTokenJson.WriteProperties(json, token);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
