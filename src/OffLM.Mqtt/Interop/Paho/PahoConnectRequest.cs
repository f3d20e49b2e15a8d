namespace OffLM.Mqtt.Interop.Paho;

/// <summary>One attempt to connect.</summary>
/// <param name="Options">What the user set.</param>
/// <param name="KeepAlive">The user's, or what the broker asked for instead.</param>
/// <param name="CleanStart">The broker forgets what it kept for this client.</param>
internal sealed record PahoConnectRequest(MqttOptions Options, TimeSpan KeepAlive, bool CleanStart);
