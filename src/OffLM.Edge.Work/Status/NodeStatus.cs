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

    /// <summary>What the network has not answered for yet.</summary>
    public required OutboxSummary Outbox { get; init; }

    /// <summary>The newest refused batches, the last first; a few.</summary>
    public required IReadOnlyList<StoredBatch> Refused { get; init; }

    /// <summary>True while the network or the card knows of batches that the ledger lacks, and the owner has not accepted that: nothing is signed.</summary>
    public required bool IsRolledBack { get; init; }

    /// <summary>How the node stands with the network; null where no broker is configured.</summary>
    public required NetworkStatus? Sync { get; init; }

    public required KeyUri Key { get; init; }

    public required Address? Address { get; init; }

    /// <summary>The network that batches are signed for.</summary>
    public required TypedDomain Network { get; init; }

    /// <summary>Answers that run now.</summary>
    public required int Running { get; init; }

    /// <summary>Of those, the ones that are not the household's own use.</summary>
    public required int RunningForOthers { get; init; }

    public required IReadOnlyList<LoadedModel> LoadedModels { get; init; }

    /// <summary>What needs a person, in sentences; empty when all is well.</summary>
    public required IReadOnlyList<string> Problems { get; init; }
}
