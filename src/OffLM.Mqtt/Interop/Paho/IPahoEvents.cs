namespace OffLM.Mqtt.Interop.Paho;

/// <summary>
/// What a client tells of itself. Called on the library's threads, which hold its only lock meanwhile: nothing here may call the
/// library, and what waits here stops every connection of the process.
/// </summary>
internal interface IPahoEvents
{
    /// <summary>The broker sent something; comes before what is made of it.</summary>
    void PacketCame();

    void MessageArrived(MqttMessage message);

    /// <param name="reason">The broker's reason code where it said goodbye, else 0.</param>
    /// <param name="text">The broker's reason string, if it gave one.</param>
    void LinkLost(int reason, string? text);
}
