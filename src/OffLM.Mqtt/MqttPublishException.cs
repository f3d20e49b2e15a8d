namespace OffLM.Mqtt;

/// <summary>A message was refused, by the broker or because it is known that the broker would refuse it. Publishing it again helps only after a change.</summary>
public sealed class MqttPublishException(int reasonCode, string message) : IOException(message)
{
    /// <summary>MQTT 5's reason code, for example 0x87 not authorised, 0x95 packet too large, 0x97 quota exceeded.</summary>
    public int ReasonCode { get; } = reasonCode;
}
