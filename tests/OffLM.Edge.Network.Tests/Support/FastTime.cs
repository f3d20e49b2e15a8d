namespace OffLM.Edge.Network.Tests.Support;

/// <summary>A clock whose minutes are seconds.</summary>
internal sealed class FastTime : TimeProvider
{
    private const int Speed = 60;

    private readonly long _start = System.GetTimestamp();
    private readonly DateTimeOffset _startedAt = System.GetUtcNow();

    public override long TimestampFrequency => System.TimestampFrequency;

    public override long GetTimestamp() => _start + (Speed * (System.GetTimestamp() - _start));

    public override DateTimeOffset GetUtcNow() => _startedAt + (Speed * System.GetElapsedTime(_start));

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, Scaled(dueTime), Scaled(period));

    private static TimeSpan Scaled(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time / Speed;
}
