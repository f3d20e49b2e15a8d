namespace OffLM.Edge.Tests.Harness;

/// <summary>One node for all tests of a class that leave no mark on it.</summary>
public sealed class SharedNode : IAsyncLifetime
{
    internal PublishedNode Node { get; private set; } = null!;

    public async Task InitializeAsync() => Node = await PublishedNode.StartAsync();

    public async Task DisposeAsync() => await Node.DisposeAsync();
}
