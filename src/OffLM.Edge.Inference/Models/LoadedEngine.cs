namespace OffLM.Edge.Inference;

/// <summary>A model's engine and its loop; ended together, the loop first.</summary>
internal sealed record LoadedEngine(IModelEngine Engine, IModelLoop Loop) : IAsyncDisposable
{
    internal AdapterCache Adapters { get; } = new(Engine);

    /// <summary>The engine with the loop of its kind.</summary>
    internal static LoadedEngine Of(IModelEngine engine, SchedulerOptions options, TimeProvider clock) => new(engine, engine is EmbeddingEngine encoder
        ? new EmbeddingScheduler(encoder, options, clock)
        : new GenerationScheduler((IEngine)engine, options, clock));

    public async ValueTask DisposeAsync()
    {
        await Loop.DisposeAsync().ConfigureAwait(false);
        Adapters.Dispose();
        Engine.Dispose();
    }
}
