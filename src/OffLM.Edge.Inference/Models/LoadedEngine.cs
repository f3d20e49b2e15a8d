namespace OffLM.Edge.Inference;

/// <summary>A model's engine and its decode loop; ended together, the loop first.</summary>
internal sealed record LoadedEngine(IEngine Engine, GenerationScheduler Scheduler) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        await Scheduler.DisposeAsync().ConfigureAwait(false);
        Engine.Dispose();
    }
}
