namespace OffLM.ModelForge.Files;

/// <summary>The names of the files that make a model folder.</summary>
internal static class ModelFile
{
    public const string Graph = "model.onnx";
    public const string Weights = "model.onnx.data";
    public const string Tokenizer = "tokenizer.json";
    public const string TokenizerConfig = "tokenizer_config.json";
    public const string GenAiConfig = "genai_config.json";
    public const string Manifest = "offlm-model.json";

    public const string Adapter = "adapter.onnx_adapter";

    /// <summary>All that the manifest describes, in its order.</summary>
    public static IReadOnlyList<string> Described { get; } = [GenAiConfig, Graph, Weights, Tokenizer, TokenizerConfig];

    /// <summary>The same of an encoder.</summary>
    public static IReadOnlyList<string> DescribedOfEncoder { get; } = [Graph, Weights, Tokenizer, TokenizerConfig];
}
