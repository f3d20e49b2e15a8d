namespace OffLM.Mqtt;

/// <summary>There is no link to the broker, or it went before the broker acknowledged: then the message may or may not have arrived.</summary>
public sealed class MqttDisconnectedException(string message) : IOException(message);
