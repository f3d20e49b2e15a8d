namespace OffLM.Edge.Inference;

/// <summary>What computes the tokens; part of a receipt's execution record.</summary>
/// <param name="Name">The engine's name, for example <c>onnxruntime-genai</c>.</param>
/// <param name="Version">The versions of its native libraries, for example <c>0.15.2 (onnxruntime 1.29.0)</c>.</param>
/// <param name="Provider">The execution provider that serves the model, for example <c>CPU</c> or <c>CUDA</c>.</param>
/// <param name="Threads">Threads that one step computes with; 0 if the engine chooses.</param>
/// <param name="Fallback">Why it isn't the engine that was asked for; null if it is.</param>
public sealed record EngineDescription(string Name, string Version, string Provider, int Threads, string? Fallback = null)
{
    /// <summary>The execution providers that were tried before, and why each is not used.</summary>
    public IReadOnlyList<ProviderFailure> Failed { get; init; } = [];

    /// <summary>Where the graph's nodes are computed; null where the engine can't tell.</summary>
    public NodePlacement? Placement { get; init; }
}
