namespace OffLM.Edge.Network.Receipts;

/// <summary>When a batch that has no verdict is sent again: after a minute, then twice as long each time, up to an hour.</summary>
internal static class ResendSchedule
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>How far each pause is spread either way, so that a fleet that lost its collector together doesn't come back together.</summary>
    private const double Spread = 0.2;

    /// <summary>The pause after a batch was sent.</summary>
    /// <param name="times">How often it was sent on this connection, from 1.</param>
    /// <param name="random">From 0 to 1.</param>
    public static TimeSpan After(int times, double random)
    {
        var pause = times > 10 ? Longest : TimeSpan.FromTicks(Math.Min(Longest.Ticks, First.Ticks << (times - 1)));
        return pause * (1 - Spread + (2 * Spread * random));
    }
}
