namespace OffLM.Mqtt;

/// <summary>How surely a message arrives; MQTT's quality of service.</summary>
public enum Delivery : byte
{
    /// <summary>Sent once and never again; may be lost.</summary>
    AtMostOnce = 0,

    /// <summary>Acknowledged by the broker; may arrive more than once.</summary>
    AtLeastOnce = 1,
}
