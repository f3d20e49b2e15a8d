using OffLM.Mqtt.Interop.Paho;

namespace OffLM.Mqtt.Receiving;

/// <summary>
/// Counts what waits for the handlers, and slows the broker down where much does. Handlers that publish need the library, which must
/// then go on reading (see <see cref="LibraryHold"/>); what still comes in above the maximum makes the connection drop (see
/// <see cref="MqttOptions.MaximumQueuedBytes"/>).
/// </summary>
internal sealed class Inbox(MqttOptions options)
{
    /// <summary>What a message costs beside its payload, roughly, so that many empty ones count too.</summary>
    private const int MessageOverhead = 512;

    private readonly Lock _gate = new();
    private readonly long _full = options.MaximumQueuedBytes / 8;
    private readonly long _maximum = options.MaximumQueuedBytes;
    private readonly TimeSpan _patience = options.KeepAlive / 8;   // pings must go out in between
    private long _bytes;
    private volatile bool _closed;
    private TaskCompletionSource? _drained;

    /// <summary>What a message counts.</summary>
    public static int Weight(MqttMessage message) => message.Payload.Length + (2 * message.Topic.Length) + MessageOverhead;

    /// <summary>Takes a message in, on the library's thread, and holds that thread up where much waits.</summary>
    /// <returns>False if more waits than may.</returns>
    public bool Enter(int weight)
    {
        if (Interlocked.Add(ref _bytes, weight) > _full)
        {
            LibraryHold.Hold(() => _closed || Volatile.Read(ref _bytes) <= _full, _patience);
        }

        return Volatile.Read(ref _bytes) <= _maximum;
    }

    /// <summary>A handler is done with a message.</summary>
    public void Leave(int weight)
    {
        lock (_gate)
        {
            if (Interlocked.Add(ref _bytes, -weight) <= _maximum / 2)
            {
                _drained?.TrySetResult();
                _drained = null;
            }
        }

        LibraryHold.Look();
    }

    /// <summary>Until at most half of the maximum waits.</summary>
    public Task DrainedAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            return Volatile.Read(ref _bytes) <= _maximum / 2
                ? Task.CompletedTask
                : (_drained ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task.WaitAsync(cancellation);
        }
    }

    /// <summary>Holds up nobody any more.</summary>
    public void Close()
    {
        _closed = true;
        LibraryHold.Look();
    }
}
