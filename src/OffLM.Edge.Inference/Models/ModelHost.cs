namespace OffLM.Edge.Inference;

/// <summary>Loads models on demand and unloads them when nobody used them for a while.</summary>
public sealed class ModelHost(ModelStore store, ModelHostOptions options, TimeProvider clock) : IAsyncDisposable
{
    public ModelStore Store => store;

    public ModelHostOptions Options => options;

    public TimeProvider Clock => clock;

    /// <summary>Gets a model for one request; loads it if need be.</summary>
    /// <param name="name">Its name or id.</param>
    /// <param name="keepAlive">How long it stays after this use: null for the default, <see cref="Timeout.InfiniteTimeSpan"/> to pin it, zero to unload it after use.</param>
    /// <exception cref="ModelNotFoundException"/>
    /// <exception cref="ModelBusyException"/>
    /// <exception cref="ModelDamagedException"/>
    /// <exception cref="ModelLoadException"/>
    public Task<ModelLease> AcquireAsync(string name, TimeSpan? keepAlive, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>What is in memory now (Ollama's <c>/api/ps</c>).</summary>
    public IReadOnlyList<LoadedModel> Loaded => throw new NotImplementedException();

    /// <summary>Unloads a model as soon as nobody uses it.</summary>
    public Task UnloadAsync(string name) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
