using System.Diagnostics;

namespace OffLM.Edge.Tests.Harness;

/// <summary>Waits for conditions, with a deadline.</summary>
internal static class Until
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(15);

    /// <summary>Waits until a condition holds.</summary>
    /// <exception cref="TimeoutException">It didn't in time; says what the caller says.</exception>
    public static async Task TrueAsync(TimeSpan deadline, Func<Task<bool>> condition, Func<string> otherwise)
    {
        var since = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(since) > deadline)
            {
                throw new TimeoutException(otherwise());
            }

            await Task.Delay(Interval);
        }
    }

    public static Task TrueAsync(TimeSpan deadline, Func<bool> condition, string otherwise) =>
        TrueAsync(deadline, () => Task.FromResult(condition()), () => otherwise);
}
