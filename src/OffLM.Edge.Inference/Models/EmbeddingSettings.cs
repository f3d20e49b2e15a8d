namespace OffLM.Edge.Inference;

/// <summary>How a model makes embeddings: the part <c>embedding</c> of its manifest.</summary>
public sealed record EmbeddingSettings
{
    /// <summary>The graph's file.</summary>
    public string Graph { get; init; } = "model.onnx";

    /// <summary>How long an embedding is.</summary>
    public required int Dimensions { get; init; }

    /// <summary>How many tokens there are.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>How the vectors of a sequence's tokens become one.</summary>
    public required Pooling Pooling { get; init; }

    /// <summary>Whether embeddings have length 1.</summary>
    public bool Normalize { get; init; }

    /// <summary>Whether the first numbers of an embedding are an embedding too (Matryoshka representation learning).</summary>
    public bool Truncatable { get; init; }

    /// <summary>Tokens before each text, such as <c>[CLS]</c>.</summary>
    public IReadOnlyList<int> Begin { get; init; } = [];

    /// <summary>Tokens after each text, such as <c>[SEP]</c>.</summary>
    public IReadOnlyList<int> End { get; init; } = [];
}

/// <summary>How the vectors of a sequence's tokens become one.</summary>
public enum Pooling
{
    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>The first token's.</summary>
    Cls,

    /// <summary>The last token's.</summary>
    Last,

    /// <summary>The graph gives one vector for a sequence.</summary>
    None,
}
