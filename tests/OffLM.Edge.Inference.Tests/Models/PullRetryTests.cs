namespace OffLM.Edge.Inference.Tests.Models;

public sealed class PullRetryTests
{
    [Fact]
    public async Task A_disk_that_fails_is_not_taken_for_the_connection()
    {
        var attempts = 0;
        var retry = new PullRetry(TimeProvider.System, TimeSpan.FromMilliseconds(1));

        await Assert.ThrowsAsync<IOException>(() => retry.RunAsync<int>(_ => ++attempts > 0 ? throw new IOException("No space left on device", 28) : Task.FromResult(0), default));

        Assert.Equal(1, attempts);
    }
}
