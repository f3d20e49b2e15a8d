namespace OffLM.Mqtt;

/// <summary>How a connection stands, for whoever shows it.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="Since">Since when it has been in this state.</param>
/// <param name="Problem">What is wrong and what to do, in one sentence or two; null when nothing is.</param>
/// <param name="Attempts">How many attempts have failed since it was last connected.</param>
/// <param name="NextAttempt">While waiting: when the next attempt comes by itself; a network that comes up brings it forward.</param>
/// <param name="Session">While connected: what the broker granted.</param>
public sealed record MqttLink(
    LinkState State, DateTimeOffset Since, string? Problem, int Attempts, DateTimeOffset? NextAttempt, MqttSession? Session);
