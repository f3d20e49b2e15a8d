using System.Diagnostics;

namespace OffLM.Edge.Inference.Tests.Support;

/// <summary>Waits for what another thread will do.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(30), $"It never came true that {what}.");
            await Task.Delay(2);
        }
    }
}
