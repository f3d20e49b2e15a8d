namespace OffLM.Edge.Board.Tests.Support;

/// <summary>Ways to move the clock that boards need.</summary>
internal static class ManualTimeExtensions
{
    public static void Advance(this ManualTime time, double seconds) => time.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>Moves on to a time of the next day.</summary>
    public static void AdvanceTo(this ManualTime time, int hour, int minute)
    {
        var now = time.GetUtcNow();
        time.Advance(now.Date.AddDays(1).AddHours(hour).AddMinutes(minute) - now.DateTime);
    }
}
