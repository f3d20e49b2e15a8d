namespace OffLM.Mqtt.Interop.Paho;

/// <summary>The properties that are used (MQTT 5, section 2.2.2.2).</summary>
internal enum PropertyId
{
    MessageExpiryInterval = 2,
    ContentType = 3,
    ResponseTopic = 8,
    CorrelationData = 9,
    SessionExpiryInterval = 17,
    ServerKeepAlive = 19,
    WillDelayInterval = 24,
    ReasonString = 31,
    ReceiveMaximum = 33,
    RetainAvailable = 37,
    UserProperty = 38,
    MaximumPacketSize = 39,
}
