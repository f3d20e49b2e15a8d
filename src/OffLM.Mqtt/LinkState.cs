namespace OffLM.Mqtt;

/// <summary>Where a connection stands.</summary>
public enum LinkState
{
    /// <summary>Not started, or stopped.</summary>
    Off,

    /// <summary>An attempt is running.</summary>
    Connecting,

    Connected,

    /// <summary>Between two attempts; see <see cref="MqttLink.NextAttempt"/>.</summary>
    Waiting,
}
