using OffLM.Edge.Inference;
using OffLM.Edge.Metering;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Work.Status;

/// <summary>The node at one moment.</summary>
public sealed record NodeStatus
{
    public required string Version { get; init; }

    /// <summary>starting, serving, draining.</summary>
    public required string State { get; init; }

    public required TimeSpan Uptime { get; init; }

    /// <summary>Unix milliseconds, and what they are worth.</summary>
    public required DateTimeOffset Time { get; init; }

    public required Metering.Receipts.ClockSource Clock { get; init; }

    public required LedgerSummary Ledger { get; init; }

    public required KeyUri Key { get; init; }

    public required Address? Address { get; init; }

    /// <summary>The network that batches are signed for.</summary>
    public required TypedDomain Network { get; init; }

    /// <summary>Answers that run now.</summary>
    public required int Running { get; init; }

    public required IReadOnlyList<LoadedModel> LoadedModels { get; init; }

    /// <summary>What needs a person, in sentences; empty when all is well.</summary>
    public required IReadOnlyList<string> Problems { get; init; }
}
