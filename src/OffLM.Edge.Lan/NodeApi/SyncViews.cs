using OffLM.Edge.Metering;
using OffLM.Edge.Signing;
using OffLM.Edge.Work.Status;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>How far the signed batches have come.</summary>
/// <param name="UnsettledBatches">Signed or sent, without a verdict.</param>
/// <param name="UnsettledReceipts">The receipts in them.</param>
/// <param name="Oldest">The first of them; null if there is none.</param>
/// <param name="RefusedBatches">How many were refused.</param>
/// <param name="Refused">The newest of them.</param>
/// <param name="LastVerdict">The verdict recorded last; null before the first.</param>
internal sealed record SettlementView(
    ulong UnsettledBatches, ulong UnsettledReceipts, OldestView? Oldest, ulong RefusedBatches, IReadOnlyList<VerdictView> Refused, VerdictView? LastVerdict)
{
    public static SettlementView Of(NodeStatus status) => new(
        status.Outbox.Unsettled,
        status.Outbox.UnsettledReceipts,
        status.Outbox.Oldest is { } oldest ? OldestView.Of(oldest, status.Time) : null,
        status.Outbox.Refused,
        [.. status.Refused.Select(b => VerdictView.Of(b.Batch.Batch, b.State, b.Reason, b.ChangedAt))],
        status.Outbox.LastVerdict is { } last ? VerdictView.Of(last.Batch, last.State, last.Reason, last.ChangedAt) : null);
}

/// <summary>The batch that has waited longest for its verdict.</summary>
internal sealed record OldestView(ulong Batch, double AgeSeconds)
{
    /// <summary>A batch signed in the future, by a clock that was set back since, has no age.</summary>
    public static OldestView Of(OldestUnsettled oldest, DateTimeOffset now) =>
        new(oldest.Batch, Math.Max(0, Math.Round((now - Words.Time(oldest.ClosedAt)).TotalSeconds, 3)));
}

/// <summary>A collector's verdict.</summary>
/// <param name="Batch">Its number.</param>
/// <param name="Verdict">settled, refused.</param>
/// <param name="Reason">For a refusal, why.</param>
/// <param name="At">When it was recorded.</param>
internal sealed record VerdictView(ulong Batch, string Verdict, string? Reason, DateTimeOffset At)
{
    public static VerdictView Of(ulong batch, BatchState state, string reason, ulong at) =>
        new(batch, state == BatchState.Refused ? "refused" : "settled", reason.Length > 0 ? reason : null, Words.Time(at));
}

/// <summary>How the node stands with its network.</summary>
internal sealed record SyncView(
    string Broker, string Fleet, Address? Node, LinkView Link, IReadOnlyList<Address> Collectors, CountsView Counts,
    IReadOnlyDictionary<string, long> RejectedVerdicts, string? LastRejected)
{
    public static SyncView Of(NetworkStatus sync) => new(
        sync.Link.Broker.OriginalString,
        sync.Fleet,
        sync.Identity,
        new(sync.Link.State, sync.Link.Since, sync.Link.Problem, sync.Link.Attempts, sync.Link.NextAttempt),
        sync.Collectors,
        new(sync.Counts.Connections, sync.Counts.BatchesSent, sync.Counts.BatchesSentAgain, sync.Counts.Settled, sync.Counts.Refused, sync.Counts.Repeated),
        sync.RejectedVerdicts,
        sync.LastRejected);
}

/// <summary>The connection to the broker.</summary>
/// <param name="State">off, connecting, connected, waiting.</param>
/// <param name="Since">When this state began.</param>
/// <param name="Problem">Why there is no connection.</param>
/// <param name="Attempts">How often it was tried since the last connection.</param>
/// <param name="NextAttempt">When it is tried again.</param>
internal sealed record LinkView(string State, DateTimeOffset Since, string? Problem, int Attempts, DateTimeOffset? NextAttempt);

/// <summary>What was sent and heard since the start.</summary>
internal sealed record CountsView(long Connections, long BatchesSent, long BatchesSentAgain, long Settled, long Refused, long Repeated);

/// <summary>That refused batches are sent again.</summary>
/// <param name="Batches">How many.</param>
internal sealed record ResendView(int Batches);
