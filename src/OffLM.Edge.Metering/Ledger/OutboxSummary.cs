namespace OffLM.Edge.Metering;

/// <summary>What the network has not answered for yet, and its last answer.</summary>
/// <param name="Unsettled">Batches that are signed or sent.</param>
/// <param name="UnsettledReceipts">The receipts in them.</param>
/// <param name="Oldest">The first of them; null if there is none.</param>
/// <param name="Refused">Batches that were refused.</param>
/// <param name="LastVerdict">The verdict recorded last; null before the first, and after its batch was opened again.</param>
public sealed record OutboxSummary(ulong Unsettled, ulong UnsettledReceipts, OldestUnsettled? Oldest, ulong Refused, LastVerdict? LastVerdict);

/// <summary>The batch that has waited longest.</summary>
/// <param name="Batch">Its number.</param>
/// <param name="ClosedAt">Unix milliseconds, by the node's clock when it was signed.</param>
public sealed record OldestUnsettled(ulong Batch, ulong ClosedAt);

/// <summary>A verdict as it was recorded.</summary>
/// <param name="Batch">The batch's number.</param>
/// <param name="State">Settled or refused.</param>
/// <param name="Reason">For a refusal, why.</param>
/// <param name="ChangedAt">Unix milliseconds.</param>
public sealed record LastVerdict(ulong Batch, BatchState State, string Reason, ulong ChangedAt);
