using System.Diagnostics;

namespace OffLM.Mqtt.Interop.Paho;

/// <summary>
/// Holds the library's reading thread up within a callback, so that TCP holds the broker up. The thread has the library's only lock
/// meanwhile, and is also the one that brings acknowledgements; so it is held only while no operation of this process waits for it.
/// </summary>
internal static class LibraryHold
{
    private static readonly object _gate = new();   // waited on with Monitor.Wait
    private static int _wanted;
    private static int _held;

    /// <summary>Something begins to wait for the library.</summary>
    public static void OperationStarted()
    {
        Interlocked.Increment(ref _wanted);
        Look();
    }

    public static void OperationEnded() => Interlocked.Decrement(ref _wanted);

    /// <summary>Waits until <paramref name="over"/>, but only as long as nothing wants the library, and no longer than the limit.</summary>
    public static void Hold(Func<bool> over, TimeSpan limit)
    {
        var start = Stopwatch.GetTimestamp();
        Interlocked.Increment(ref _held);
        lock (_gate)
        {
            while (Volatile.Read(ref _wanted) == 0 && !over())
            {
                var left = limit - Stopwatch.GetElapsedTime(start);
                if (left <= TimeSpan.Zero || !Monitor.Wait(_gate, left))
                {
                    break;
                }
            }
        }

        Interlocked.Decrement(ref _held);
    }

    /// <summary>What a hold waits for may have come.</summary>
    public static void Look()
    {
        if (Volatile.Read(ref _held) > 0)
        {
            lock (_gate)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }
}
