namespace OffLM.Edge.Tests.Harness;

/// <summary>How a node is started.</summary>
internal sealed record NodeSetup
{
    /// <summary>The state directory, kept after the node's end; null for one that goes with it.</summary>
    public string? State { get; init; }

    /// <summary>The port on 127.0.0.1; null for a free one.</summary>
    public int? Port { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>More options to <c>run</c>.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>
    /// Whether the node starts with the model that the program ships with. Else it has one of the same name with random weights, which talks on
    /// until it is told to stop, as tests of limits, interruptions and crashes want.
    /// </summary>
    public bool Shipped { get; init; }

    /// <summary>A program and its options that runs the node, such as strace.</summary>
    public IReadOnlyList<string> Wrapper { get; init; } = [];
}
