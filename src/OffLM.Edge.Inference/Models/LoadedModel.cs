namespace OffLM.Edge.Inference;

/// <summary>A model in memory.</summary>
/// <param name="Model">Which.</param>
/// <param name="ContextLength">Tokens that it can attend to.</param>
/// <param name="ExpiresAt">When it is unloaded if nobody uses it; <see cref="DateTimeOffset.MaxValue"/> if it stays.</param>
/// <param name="Leases">How many requests hold it.</param>
/// <param name="Statistics">What its decode loop has done.</param>
/// <param name="Engine">What computes it.</param>
/// <param name="Adapters">How many are in memory beside it.</param>
public sealed record LoadedModel(
    StoredModel Model, int ContextLength, DateTimeOffset ExpiresAt, int Leases, SchedulerStatistics Statistics, EngineDescription Engine, int Adapters);
