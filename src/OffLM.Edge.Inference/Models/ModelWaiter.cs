namespace OffLM.Edge.Inference;

/// <summary>A request that waits until its model can be in memory. Guarded by its host's lock.</summary>
/// <param name="model">What it wants; of an adapter, its base.</param>
/// <param name="keepAlive">How long that stays afterwards.</param>
internal sealed class ModelWaiter(StoredModel model, TimeSpan? keepAlive)
{
    private readonly TaskCompletionSource<HostedModel> _turn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal StoredModel Model => model;

    internal TimeSpan? KeepAlive => keepAlive;

    /// <summary>Its place in memory, held for it.</summary>
    internal Task<HostedModel> Turn => _turn.Task;

    internal void LetIn(HostedModel hosted) => _turn.SetResult(hosted);

    internal void GiveUp(CancellationToken cancellation) => _turn.SetCanceled(cancellation);

    internal void Refuse(Exception why) => _turn.SetException(why);
}
