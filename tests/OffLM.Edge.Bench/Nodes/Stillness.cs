using System.Diagnostics;

namespace OffLM.Edge.Bench.Nodes;

/// <summary>Computing threads spin for a tenth of a second after their last step, in case there is another: on processors that whoever is measured next wants.</summary>
internal static class Stillness
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>The kernel's clock tick: less than one can't be seen.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    /// <summary>Waits until processes use next to no processor time.</summary>
    /// <exception cref="TimeoutException">They go on.</exception>
    public static async Task OfAsync(params int[] processIds)
    {
        var begun = Stopwatch.GetTimestamp();
        var before = Used(processIds);
        while (true)
        {
            await Task.Delay(Interval);
            var now = Used(processIds);
            if (now - before <= Tick)
            {
                return;
            }

            if (Stopwatch.GetElapsedTime(begun) > Deadline)
            {
                throw new TimeoutException($"After {Deadline.TotalSeconds} s without work, {(now - before).TotalMilliseconds} of {Interval.TotalMilliseconds} ms were still computed.");
            }

            before = now;
        }
    }

    private static TimeSpan Used(int[] processIds)
    {
        var used = TimeSpan.Zero;
        foreach (var id in processIds)
        {
            using var process = Process.GetProcessById(id);
            used += process.TotalProcessorTime;
        }

        return used;
    }
}
