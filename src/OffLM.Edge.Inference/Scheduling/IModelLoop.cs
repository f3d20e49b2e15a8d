namespace OffLM.Edge.Inference;

/// <summary>The loop that computes for one loaded model, on its own thread.</summary>
internal interface IModelLoop : IAsyncDisposable
{
    /// <summary>What the loop has done since it began.</summary>
    SchedulerStatistics Statistics { get; }
}
