namespace OffLM.Mqtt.Publishing;

/// <summary>A message in line or under way. It succeeds, fails or is given up once; so does its place in the window.</summary>
internal sealed class PendingPublish(MqttMessage message)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left;

    public MqttMessage Message => message;

    /// <summary>It was handed to the library; guarded by the publisher's lock.</summary>
    public bool WasSent { get; set; }

    public Task Done => _done.Task;

    public void Succeed() => _done.TrySetResult();

    public void Fail(Exception exception) => _done.TrySetException(exception);

    public void GiveUp() => _done.TrySetCanceled();

    /// <summary>Gives its place back, which it must have had.</summary>
    public void Leave(PublishWindow window)
    {
        if (Interlocked.Exchange(ref _left, 1) == 0)
        {
            window.Leave();
        }
    }
}
