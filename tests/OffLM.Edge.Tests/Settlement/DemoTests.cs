using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.Settlement;

/// <summary>What a newcomer runs first.</summary>
public sealed class DemoTests
{
    [Fact]
    public async Task The_demo_settles_what_was_answered_while_the_broker_was_away()
    {
        var demo = (await Command.RunAsync(Path.Combine(PublishedProgram.Repository, "scripts", "demo"), [])).Succeeded();

        // Five answers before the plug was pulled, four after it.
        Assert.Contains("Everything holds: 9 receipts", demo.Output, StringComparison.Ordinal);
    }
}
