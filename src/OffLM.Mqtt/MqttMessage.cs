namespace OffLM.Mqtt;

/// <summary>A message to publish, or one that came.</summary>
/// <param name="Topic">Where to: 1 to 65,535 bytes of UTF-8 without wildcards and control characters.</param>
/// <param name="Payload">What; may be empty, which with <see cref="Retain"/> deletes the retained message.</param>
public sealed record MqttMessage(string Topic, ReadOnlyMemory<byte> Payload)
{
    public Delivery Delivery { get; init; } = Delivery.AtLeastOnce;

    /// <summary>To publish: the broker keeps it for later subscribers. Received: it is such a kept message.</summary>
    public bool Retain { get; init; }

    /// <summary>After this, the broker no longer delivers it; whole seconds, rounded up. Received: what was left of it. Null: never.</summary>
    public TimeSpan? Expiry { get; init; }

    public string? ContentType { get; init; }

    /// <summary>Where the answer is wanted.</summary>
    public string? ResponseTopic { get; init; }

    /// <summary>What the answer must carry, so that its question is found; empty for none.</summary>
    public ReadOnlyMemory<byte> CorrelationData { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> UserProperties { get; init; } = [];

    /// <summary>Received only: the broker may have sent it before.</summary>
    public bool IsDuplicate { get; init; }
}
