namespace OffLM.Mqtt.Interop.Paho;

/// <summary>What CONNACK said (MQTT 5, section 3.2.2); null where the broker left the property out.</summary>
internal sealed record PahoConnack(
    bool SessionPresent,
    ushort? ReceiveMaximum,
    uint? MaximumPacketBytes,
    ushort? ServerKeepAliveSeconds,
    uint? SessionExpirySeconds,
    bool RetainAvailable);
