namespace OffLM.Edge.Inference;

/// <summary>How the direct engine computes.</summary>
/// <param name="Threads">Threads that one step computes with; 0 for as many as the model's configuration says, or else ONNX Runtime chooses.</param>
/// <param name="Rows">Sequences that the cache is to hold at a time, running and kept ones together.</param>
/// <param name="CacheBytes">What the cache may take when all its rows are full; there are fewer rows if that is too little, but always one.</param>
internal sealed record DirectOptions(int Threads, int Rows, long CacheBytes)
{
    /// <summary>The execution providers to try, in this order.</summary>
    internal IReadOnlyList<ProviderRung> Providers { get; init; } = [];

    /// <summary>Where providers keep what they compiled; null for nowhere.</summary>
    internal string? EngineCache { get; init; }

    /// <summary>The device in whose memory the cache of a graph with GroupQueryAttention is to lie, by ONNX Runtime's name for it; null for CUDA's where that
    /// computes attention, and for this process's own elsewhere.</summary>
    internal string? CacheDevice { get; init; }

    /// <summary>Half of what this process may have: the model itself takes the other.</summary>
    internal static long DefaultCacheBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
}
