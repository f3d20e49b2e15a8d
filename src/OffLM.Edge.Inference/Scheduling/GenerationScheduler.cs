namespace OffLM.Edge.Inference;

/// <summary>One decode loop for one loaded model, on its own thread.</summary>
public sealed class GenerationScheduler(IEngine engine, SchedulerOptions options, TimeProvider clock) : IAsyncDisposable
{
    public IEngine Engine => engine;

    public SchedulerOptions Options => options;

    public TimeProvider Clock => clock;

    /// <summary>Takes a place to run or wait in; dispose the ticket if it isn't used.</summary>
    /// <exception cref="QueueFullException"/>
    public QueueTicket Reserve() => throw new NotImplementedException();

    public SchedulerStatistics Statistics => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
