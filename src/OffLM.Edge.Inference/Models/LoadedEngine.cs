namespace OffLM.Edge.Inference;

/// <summary>A model's engine and its loop; ended together, the loop first.</summary>
internal sealed record LoadedEngine(IModelEngine Engine, IModelLoop Loop, AdapterCache Adapters) : IAsyncDisposable
{
    /// <summary>The engine with the loop of its kind.</summary>
    internal static LoadedEngine Of(IModelEngine engine, ModelHostOptions options, TimeProvider clock)
    {
        IModelLoop loop = engine is EmbeddingEngine encoder
            ? new EmbeddingScheduler(encoder, options.Scheduler, clock)
            : new GenerationScheduler((IEngine)engine, options.Scheduler, clock);
        return new LoadedEngine(engine, loop, new AdapterCache(engine, options.MaxAdapters));
    }

    public async ValueTask DisposeAsync()
    {
        await Loop.DisposeAsync().ConfigureAwait(false);
        Adapters.Dispose();
        Engine.Dispose();
    }
}
