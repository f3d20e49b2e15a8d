using System.Runtime.CompilerServices;

namespace OffLM.Edge.Network.Tests.Support;

/// <summary>Waits for what must come about.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Returns when the condition holds; fails with it if it never does.</summary>
    /// <param name="holds">The condition.</param>
    /// <param name="otherwise">Told when it fails: what there was instead.</param>
    /// <param name="condition">Its text, from the compiler.</param>
    public static async Task HoldsAsync(Func<bool> holds, Func<string>? otherwise = null, [CallerArgumentExpression(nameof(holds))] string condition = "")
    {
        using var timer = new PeriodicTimer(Pause);
        for (var since = TimeProvider.System.GetTimestamp(); !holds(); await timer.WaitForNextTickAsync())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < Limit, $"Waited in vain for {condition}. {otherwise?.Invoke()}");
        }
    }
}
