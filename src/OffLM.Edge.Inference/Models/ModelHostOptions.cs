namespace OffLM.Edge.Inference;

/// <summary>How models are kept in memory.</summary>
public sealed record ModelHostOptions
{
    /// <summary>Models in memory at once. One more makes the least recently used idle one leave.</summary>
    public int MaxLoaded { get; init; } = 1;

    /// <summary>Adapters in memory beside a model, at least 1. One more makes the least recently used one leave once its answers have ended. Each takes some
    /// megabytes, and a little for each number of answers that it was stepped with.</summary>
    public int MaxAdapters { get; init; } = 8;

    /// <summary>How long a model stays after its last use when the request doesn't say.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The limits of each model's decode loop.</summary>
    public SchedulerOptions Scheduler { get; init; } = new();

    /// <summary>Threads that one step computes with; 0 lets the engine choose.</summary>
    public int Threads { get; init; }

    /// <summary>What computes them.</summary>
    public EngineChoice Engine { get; init; }

    /// <summary>The execution providers that are tried, in this order, by the direct engine and for embeddings; the CPU comes last by itself.</summary>
    public IReadOnlyList<ProviderRung> Providers { get; init; } = [];

    /// <summary>Where providers keep what they compiled, which takes them minutes; null for nowhere.</summary>
    public string? EngineCache { get; init; }

    /// <summary>Whether models lie on huge pages where the system has them.</summary>
    public bool HugePages { get; init; } = true;

    /// <summary>Called when a model is in memory; must be quick and must not throw.</summary>
    public Action<StoredModel, EngineDescription>? Loaded { get; init; }
}
