namespace OffLM.Mqtt.Publishing;

/// <summary>A message in line or under way. It succeeds, fails or is given up once.</summary>
internal sealed class PendingPublish(MqttMessage message, long bytes)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The size of its packet.</summary>
    public long Bytes => bytes;

    public MqttMessage Message => message;

    /// <summary>It was handed to the library; guarded by the publisher's lock.</summary>
    public bool WasSent { get; set; }

    public Task Done => _done.Task;

    public void Succeed() => _done.TrySetResult();

    public void Fail(Exception exception) => _done.TrySetException(exception);

    public void GiveUp() => _done.TrySetCanceled();
}
