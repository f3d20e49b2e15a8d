namespace OffLM.Edge.Network.Receipts;

/// <summary>
/// When a batch that has no verdict is sent again: after a minute, then twice as long each time, up to an hour. Sooner at first where the
/// broker had not kept the node's session: then it has most likely not kept the collectors' either, and what comes before they are back is
/// lost there.
/// </summary>
internal static class ResendSchedule
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);
    private static readonly TimeSpan[] Early = [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20)];

    /// <summary>How far each pause is spread either way, so that a fleet that lost its collector together doesn't come back together.</summary>
    private const double Spread = 0.2;

    /// <summary>The pause after a batch was sent.</summary>
    /// <param name="times">How often it was sent on this connection, from 1.</param>
    /// <param name="random">From 0 to 1.</param>
    /// <param name="isNewSession">The broker had not kept the node's session.</param>
    public static TimeSpan After(int times, double random, bool isNewSession) =>
        (isNewSession && times <= Early.Length ? Early[times - 1] : Regular(isNewSession ? times - Early.Length : times)) * (1 - Spread + (2 * Spread * random));

    private static TimeSpan Regular(int times) => times > 10 ? Longest : TimeSpan.FromTicks(Math.Min(Longest.Ticks, First.Ticks << (times - 1)));
}
