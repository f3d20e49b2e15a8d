using System.Text.Json;
using OffLM.ModelForge.Tokenizer;

namespace OffLM.ModelForge.Files;

/// <summary>genai_config.json: how ONNX Runtime GenAI feeds the graph, and its defaults for a search.</summary>
internal static class GenAiConfigFile
{
    /// <summary>Writes the file.</summary>
    public static void Write(string path, ModelRecipe recipe, TokenIds ids) => JsonFile.Write(path, json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("model");
        json.WriteNumber("bos_token_id", ids.Of(SpecialTokens.EndOfText));
        json.WriteStartArray("eos_token_id");
        json.WriteNumberValue(ids.Of(SpecialTokens.EndOfMessage));
        json.WriteNumberValue(ids.Of(SpecialTokens.EndOfText));
        json.WriteEndArray();
        json.WriteNumber("pad_token_id", ids.Of(SpecialTokens.EndOfText));
        json.WriteNumber("context_length", recipe.Context);
        json.WriteString("type", "qwen2");
        json.WriteNumber("vocab_size", recipe.Vocabulary);
        WriteDecoder(json, recipe);
        json.WriteEndObject();
        WriteSearch(json, recipe);
        json.WriteEndObject();
    });

    private static void WriteDecoder(Utf8JsonWriter json, ModelRecipe recipe)
    {
        json.WriteStartObject("decoder");
        json.WriteString("filename", ModelFile.Graph);
        json.WriteNumber("hidden_size", recipe.Hidden);
        json.WriteNumber("head_size", recipe.HeadSize);
        json.WriteNumber("num_attention_heads", recipe.Heads);
        json.WriteNumber("num_key_value_heads", recipe.KvHeads);
        json.WriteNumber("num_hidden_layers", recipe.Layers);

        json.WriteStartObject("session_options");
        json.WriteString("log_id", "onnxruntime-genai");
        if (recipe.Threads is { } threads)
        {
            json.WriteNumber("intra_op_num_threads", threads);
        }

        json.WriteStartArray("provider_options");
        json.WriteEndArray();
        json.WriteEndObject();

        json.WriteStartObject("inputs");
        json.WriteString("input_ids", "input_ids");
        json.WriteString("attention_mask", "attention_mask");
        if (recipe.Standard)
        {
            json.WriteString("position_ids", "position_ids");
        }

        json.WriteString("past_key_names", "past_key_values.%d.key");
        json.WriteString("past_value_names", "past_key_values.%d.value");
        json.WriteEndObject();

        json.WriteStartObject("outputs");
        json.WriteString("logits", "logits");
        json.WriteString("present_key_names", "present.%d.key");
        json.WriteString("present_value_names", "present.%d.value");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteSearch(Utf8JsonWriter json, ModelRecipe recipe)
    {
        json.WriteStartObject("search");
        json.WriteBoolean("do_sample", false);
        json.WriteNumber("max_length", recipe.Context);
        json.WriteNumber("min_length", 0);
        json.WriteNumber("num_beams", 1);
        json.WriteNumber("num_return_sequences", 1);
        json.WriteBoolean("past_present_share_buffer", !recipe.Standard);
        json.WriteNumber("repetition_penalty", 1.0);
        json.WriteNumber("temperature", 1.0);
        json.WriteNumber("top_k", 50);
        json.WriteNumber("top_p", 1.0);
        json.WriteEndObject();
    }
}
