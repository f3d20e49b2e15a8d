using System.Diagnostics;
using OffLM.Mqtt.Interop.Paho;

namespace OffLM.Mqtt.Receiving;

/// <summary>
/// Counts what waits for the handlers, and slows the broker down. Where much waits, the library's reading thread is held, so that
/// TCP holds the broker. But that thread holds the library's only lock and also brings acknowledgements: a handler that publishes
/// would wait for it, and it for the handler. So it is held only while nothing in this process waits for the library. What still
/// comes in above the maximum makes the connection drop (see <see cref="MqttOptions.MaximumQueuedBytes"/>).
/// </summary>
internal sealed class Inbox(MqttOptions options)
{
    /// <summary>What a message costs beside its payload, roughly, so that many empty ones count too.</summary>
    private const int MessageOverhead = 512;

    /// <summary>How soon a waiting operation gets the library back.</summary>
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(5);

    private readonly object _gate = new();   // waited on with Monitor.Wait
    private readonly long _full = options.MaximumQueuedBytes / 8;
    private readonly long _maximum = options.MaximumQueuedBytes;
    private readonly TimeSpan _patience = options.KeepAlive / 8;   // pings must go out in between
    private long _bytes;
    private bool _closed;
    private TaskCompletionSource? _drained;

    /// <summary>What a message counts.</summary>
    public static int Weight(MqttMessage message) => message.Payload.Length + (2 * message.Topic.Length) + MessageOverhead;

    /// <summary>Takes a message in, on the library's thread, and holds that thread up where much waits.</summary>
    /// <returns>False if more waits than may.</returns>
    public bool Enter(int weight)
    {
        lock (_gate)
        {
            _bytes += weight;
            var start = Stopwatch.GetTimestamp();
            while (_bytes > _full && !_closed && !PahoLibrary.IsWanted && Stopwatch.GetElapsedTime(start) < _patience)
            {
                Monitor.Wait(_gate, s_look);
            }

            return _bytes <= _maximum;
        }
    }

    /// <summary>A handler is done with a message.</summary>
    public void Leave(int weight)
    {
        lock (_gate)
        {
            _bytes -= weight;
            Monitor.PulseAll(_gate);
            if (_bytes <= _maximum / 2)
            {
                _drained?.TrySetResult();
                _drained = null;
            }
        }
    }

    /// <summary>Until at most half of the maximum waits.</summary>
    public Task DrainedAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            return _bytes <= _maximum / 2
                ? Task.CompletedTask
                : (_drained ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task.WaitAsync(cancellation);
        }
    }

    /// <summary>Holds up nobody any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }
}
