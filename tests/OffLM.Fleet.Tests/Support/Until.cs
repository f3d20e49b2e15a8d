using System.Diagnostics;

namespace OffLM.Fleet.Tests.Support;

/// <summary>Waits for conditions, with a deadline.</summary>
internal static class Until
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(15);

    /// <exception cref="TimeoutException">It didn't hold in time; says what the caller says.</exception>
    public static async Task TrueAsync(Func<bool> condition, Func<string> otherwise)
    {
        for (var since = Stopwatch.GetTimestamp(); !condition();)
        {
            if (Stopwatch.GetElapsedTime(since) > Deadline)
            {
                throw new TimeoutException(otherwise());
            }

            await Task.Delay(Interval);
        }
    }
}
