namespace OffLM.Edge.Inference;

/// <summary>A model's place in memory, from the request that loads it until it is unloaded. Guarded by its host's lock.</summary>
internal sealed class HostedModel(StoredModel model, Task<LoadedEngine> engine, TimeSpan keepAlive)
{
    internal StoredModel Model => model;

    /// <summary>The load; shared by all who ask for the model meanwhile.</summary>
    internal Task<LoadedEngine> Engine => engine;

    internal TimeSpan KeepAlive { get; set; } = keepAlive;

    internal int Leases { get; set; }

    internal DateTimeOffset LastUsed { get; set; }

    internal ITimer? Expiry { get; set; }

    /// <summary>Set when it is on its way out: who wants it loads it again, after this.</summary>
    internal Task? Unloading { get; set; }

    internal bool IsPinned => KeepAlive < TimeSpan.Zero;

    internal bool IsIdle => Leases == 0 && Unloading is null && engine.IsCompletedSuccessfully;

    /// <summary>The load failed, and whoever waited for it was told or had gone before.</summary>
    internal bool IsFailed => Leases == 0 && engine.IsFaulted;

    internal DateTimeOffset ExpiresAt(DateTimeOffset now) =>
        IsPinned ? DateTimeOffset.MaxValue : (Leases > 0 ? now : LastUsed) + KeepAlive;
}
