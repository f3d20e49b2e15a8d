namespace OffLM.Edge.Inference;

/// <summary>How embeddings are computed.</summary>
/// <param name="Threads">Threads to compute with; 0 lets ONNX Runtime choose.</param>
internal sealed record EncoderOptions(int Threads)
{
    /// <summary>The execution providers to try, in this order.</summary>
    internal IReadOnlyList<ProviderRung> Providers { get; init; } = [];

    /// <summary>Where providers keep what they compiled; null for nowhere.</summary>
    internal string? EngineCache { get; init; }
}
