using Google.Protobuf;
using OffLM.Edge.Work;
using OffLM.Mqtt;
using OffLM.Mqtt.Contracts;

namespace OffLM.Edge.Network.Presence;

/// <summary>Tells totals in an interval of about a minute while the link is up; never of one request, and of own use only on demand.</summary>
/// <param name="node">What is told of.</param>
/// <param name="totals">What was served since the last message.</param>
/// <param name="ownUse">Whether answers to the household count among those that run.</param>
/// <param name="interval">Between two messages.</param>
internal sealed class TelemetryReporter(Node node, TelemetryTotals totals, OwnUse ownUse, TimeSpan interval)
{
    private long _since = node.Clock.Monotonic;

    /// <summary>The message for this moment; its totals are since the one before, or since the start.</summary>
    /// <param name="topic">Where it goes.</param>
    public MqttMessage Message(string topic)
    {
        // First what may fail: then nothing of the totals is lost.
        var status = node.Status();
        var (time, since, sums) = (node.Clock.Time, _since, totals.Take());
        _since = node.Clock.Monotonic;
        var message = new TelemetryMessage
        {
            At = (ulong)Math.Max(0, status.Time.ToUnixTimeMilliseconds()),
            Clock = (uint)status.Clock,
            Boot = node.Boot,
            IntervalMs = (uint)Math.Min(time.GetElapsedTime(since, _since).TotalMilliseconds, uint.MaxValue),
            UptimeMs = (ulong)status.Uptime.TotalMilliseconds,
            Requests = sums.Requests,
            PromptTokens = sums.PromptTokens,
            CompletionTokens = sums.CompletionTokens,
            RefusedRequests = sums.Refused,
            Running = (uint)(ownUse == OwnUse.Full ? status.Running : status.RunningForOthers),
            UnsettledBatches = status.Outbox.Unsettled,
            UnsettledReceipts = status.Outbox.UnsettledReceipts,
            OldestUnsettledClosedAt = status.Outbox.Oldest?.ClosedAt ?? 0,
            RefusedBatches = status.Outbox.Refused,
            Problems = (uint)status.Problems.Count,
        };
        return new MqttMessage(topic, message.ToByteArray()) { Delivery = Delivery.AtMostOnce, Expiry = 2 * interval };
    }
}
