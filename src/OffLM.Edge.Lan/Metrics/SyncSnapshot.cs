using OffLM.Edge.Lan.NodeApi;
using OffLM.Edge.Work.Status;

namespace OffLM.Edge.Lan.Metrics;

/// <summary>What the network knows of the node's receipts, and how the node stands with it.</summary>
internal static class SyncSnapshot
{
    public static void Write(PrometheusText text, NodeStatus status)
    {
        var outbox = status.Outbox;
        text.Family("settlement_unsettled_batches", "gauge", "Signed batches without a verdict.").Sample(outbox.Unsettled);
        text.Family("settlement_unsettled_receipts", "gauge", "Receipts in signed batches without a verdict.").Sample(outbox.UnsettledReceipts);
        text.Family("settlement_oldest_unsettled_age_seconds", "gauge", "Age of the oldest batch without a verdict; 0 where there is none.")
            .Sample(outbox.Oldest is { } oldest ? OldestView.Of(oldest, status.Time).AgeSeconds : 0);
        text.Family("settlement_refused_batches", "gauge", "Batches that were refused and not opened again.").Sample(outbox.Refused);
        if (status.Sync is { } sync)
        {
            Write(text, sync);
        }
    }

    private static void Write(PrometheusText text, NetworkStatus sync)
    {
        text.Family("network_connected", "gauge", "1 while the broker is connected.").Sample(sync.Link.IsConnected ? 1 : 0);
        text.Family("network_connections_total", "counter", "Connections to the broker that came about.").Sample(sync.Counts.Connections);
        text.Family("network_batches_sent_total", "counter", "Batches that the broker took, those sent again included.").Sample(sync.Counts.BatchesSent);
        text.Family("network_batches_sent_again_total", "counter", "Batches that the broker took once more.").Sample(sync.Counts.BatchesSentAgain);
        text.Family("settlement_verdicts_total", "counter", "Verdicts that were recorded, or said what was known.")
            .Sample(sync.Counts.Settled, ("verdict", "settled"))
            .Sample(sync.Counts.Refused, ("verdict", "refused"))
            .Sample(sync.Counts.Repeated, ("verdict", "repeated"));
        text.Family("settlement_rejected_verdicts_total", "counter", "Verdicts that were not taken, by what was wrong with them.");
        foreach (var (kind, count) in sync.RejectedVerdicts)
        {
            text.Sample(count, ("kind", kind));
        }
    }
}
