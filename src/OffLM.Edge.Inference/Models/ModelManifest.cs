namespace OffLM.Edge.Inference;

/// <summary>A model's <c>offlm-model.json</c>: what it is, and the digest of every file. Holds no facts about this box.</summary>
public sealed record ModelManifest
{
    /// <summary>The file's name in a model's folder.</summary>
    public const string FileName = "offlm-model.json";

    /// <summary>The name people call it by, for example <c>qwen2.5-0.5b:int4</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Every file but the manifest, by path with forward slashes.</summary>
    public required IReadOnlyDictionary<string, ModelFile> Files { get; init; }

    /// <summary>SPDX identifier or name of the licence, or null if unknown.</summary>
    public string? License { get; init; }

    /// <summary>Tokens that the model can attend to.</summary>
    public int? Context { get; init; }

    /// <summary>What it can do: <c>completion</c>, <c>tools</c>, <c>embedding</c>, …</summary>
    public IReadOnlyList<string> Capabilities { get; init; } = [];

    /// <summary>How it makes embeddings; null for a model that answers.</summary>
    public EmbeddingSettings? Embedding { get; init; }

    /// <summary>What it adapts, and how; null for a model that stands by itself.</summary>
    public AdapterSettings? Adapter { get; init; }

    /// <summary>The architecture's family, for example <c>qwen2</c>.</summary>
    public string? Family { get; init; }

    /// <summary>Size in people's words, for example <c>0.5B</c>.</summary>
    public string? Parameters { get; init; }

    /// <summary>How the weights are stored, for example <c>int4</c>.</summary>
    public string? Quantization { get; init; }
}
