namespace OffLM.Mqtt;

/// <summary>What the broker granted in CONNACK (MQTT 5, section 3.2.2).</summary>
/// <param name="SessionPresent">It still had this client's subscriptions and kept messages for it.</param>
/// <param name="ReceiveMaximum">How many at-least-once messages it takes before acknowledging the first.</param>
/// <param name="MaximumPacketBytes">The largest packet it takes.</param>
/// <param name="KeepAlive">The longest silence before a ping; the broker's wish goes before the option.</param>
/// <param name="SessionExpiry">How long it keeps the session after the link went.</param>
/// <param name="RetainAvailable">Whether it keeps retained messages.</param>
public sealed record MqttSession(
    bool SessionPresent, int ReceiveMaximum, uint MaximumPacketBytes, TimeSpan KeepAlive, TimeSpan SessionExpiry, bool RetainAvailable);
