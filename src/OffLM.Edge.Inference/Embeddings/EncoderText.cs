using OffLM.Edge.Inference.Interop.GenAi;

namespace OffLM.Edge.Inference;

/// <summary>
/// GenAI's tokenizer of a model that GenAI itself doesn't know. It opens one only beside a <c>genai_config.json</c>, so for that moment there is a
/// folder with a configuration for nothing and links to the tokenizer's files.
/// </summary>
internal static class EncoderText
{
    private static readonly string[] TokenizerFiles = ["tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json"];

    /// <exception cref="InferenceException">The library's reason.</exception>
    internal static GenAiText Open(string folder, SpecialTokens special)
    {
        var place = Directory.CreateTempSubdirectory("offlm-tokenizer-");
        try
        {
            foreach (var name in TokenizerFiles)
            {
                var file = Path.GetFullPath(Path.Combine(folder, name));
                if (File.Exists(file))
                {
                    File.CreateSymbolicLink(Path.Combine(place.FullName, name), file);
                }
            }

            File.WriteAllText(
                Path.Combine(place.FullName, GenAiSettings.FileName),
                """
                {"model":{"type":"qwen2","bos_token_id":0,"eos_token_id":0,"pad_token_id":0,"context_length":1,"vocab_size":1,
                "decoder":{"filename":"stub.onnx","hidden_size":1,"head_size":1,"num_attention_heads":1,"num_key_value_heads":1,"num_hidden_layers":0,
                "inputs":{"input_ids":"input_ids"},"outputs":{"logits":"logits"}}},"search":{"max_length":1}}
                """);
            return GenAiText.Open(GenAiModel.LoadWithout(place.FullName, "stub.onnx", StubGraph.Write("input_ids", "logits", 1)), special);
        }
        finally
        {
            place.Delete(recursive: true);
        }
    }
}
