using System.Text;

namespace OffLM.Mqtt.Publishing;

/// <summary>The size of a PUBLISH packet (MQTT 5, section 3.3), and which topics it may carry.</summary>
internal static class PublishPacket
{
    private const int LongestTopic = 65_535;
    private const int PropertyIdBytes = 1;
    private const int LengthBytes = 2;

    public static long Size(MqttMessage message)
    {
        var properties = Properties(message);
        var remaining = Text(message.Topic) + (message.Delivery == Delivery.AtLeastOnce ? 2 : 0)
            + VariableByteInteger(properties) + properties + message.Payload.Length;
        return 1 + VariableByteInteger(remaining) + remaining;
    }

    /// <summary>What is wrong with a topic to publish to; null when nothing is.</summary>
    public static string? TopicProblem(string topic) =>
        topic.Length == 0 ? "The topic is empty."
        : Encoding.UTF8.GetByteCount(topic) > LongestTopic ? "The topic is longer than 65,535 bytes."
        : topic.AsSpan().ContainsAny('+', '#') ? $"The topic '{topic}' has a wildcard, which only subscriptions may have."
        : topic.AsSpan().ContainsAnyInRange('\0', '\u001f') ? "The topic has a control character."
        : null;

    private static long Properties(MqttMessage message)
    {
        long size = message.Expiry is null ? 0 : PropertyIdBytes + 4;
        size += message.ContentType is { } type ? PropertyIdBytes + Text(type) : 0;
        size += message.ResponseTopic is { } topic ? PropertyIdBytes + Text(topic) : 0;
        size += message.CorrelationData.IsEmpty ? 0 : PropertyIdBytes + LengthBytes + message.CorrelationData.Length;
        foreach (var (name, value) in message.UserProperties)
        {
            size += PropertyIdBytes + Text(name) + Text(value);
        }

        return size;
    }

    private static long Text(string text) => LengthBytes + Encoding.UTF8.GetByteCount(text);

    private static int VariableByteInteger(long value) => value switch
    {
        < 1 << 7 => 1,
        < 1 << 14 => 2,
        < 1 << 21 => 3,
        _ => 4,
    };
}
