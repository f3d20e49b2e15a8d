namespace OffLM.Fleet.Tests.Support;

/// <summary>A clock that tests set.</summary>
internal sealed class ManualTime : TimeProvider
{
    public DateTimeOffset Now { get; set; } = DateTimeOffset.FromUnixTimeMilliseconds((long)TestNode.Noon);

    public override DateTimeOffset GetUtcNow() => Now;
}
