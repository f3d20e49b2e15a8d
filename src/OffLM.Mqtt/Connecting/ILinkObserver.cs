namespace OffLM.Mqtt.Connecting;

/// <summary>Whom the connect loop tells.</summary>
internal interface ILinkObserver
{
    void LinkChanged(MqttLink link);

    /// <summary>The link is up and the subscriptions stand. Cancelled when it goes; must not throw.</summary>
    Task ConnectedAsync(MqttSession session, CancellationToken cancellation);
}
