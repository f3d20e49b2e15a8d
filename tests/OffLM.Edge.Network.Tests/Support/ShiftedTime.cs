namespace OffLM.Edge.Network.Tests.Support;

/// <summary>A clock that runs, and is wrong.</summary>
internal sealed class ShiftedTime(TimeSpan by) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
}
