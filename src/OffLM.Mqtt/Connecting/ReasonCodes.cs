namespace OffLM.Mqtt.Connecting;

/// <summary>MQTT 5's reason codes (section 2.4) in words: what the broker said, and what to do.</summary>
internal static class ReasonCodes
{
    public const int NotAuthorised = 0x87;
    public const int PacketTooLarge = 0x95;
    public const int TopicNameInvalid = 0x90;
    public const int RetainNotSupported = 0x9A;

    /// <summary>For CONNACK, and for the broker's DISCONNECT.</summary>
    public static string OfConnection(int code, string? text) => Words(code switch
    {
        0x81 or 0x82 => "The broker found fault with a packet; is it an MQTT 5 broker",
        0x84 => "The broker does not speak MQTT 5; use one that does",
        0x85 => "The broker does not take this client id; its owner must allow it",
        0x86 => "The broker refused the user or the password; correct mqtt user and password",
        0x87 => "The broker does not authorise this client; its owner must allow the user or the client certificate",
        0x88 => "The broker is unavailable; it is tried again",
        0x89 => "The broker is busy; it is tried again",
        0x8A => "The broker has banned this client; ask its owner",
        0x8B => "The broker is shutting down; it is tried again",
        0x8C => "The broker wants another way of authentication than user and password or a certificate",
        0x8D => "The broker heard nothing from this client for too long; it is connected again",
        0x8E => "Another client connected with the same client id; each client needs its own",
        0x93 => "The broker says that more messages were under way than it takes",
        0x95 => "The broker says that a packet was larger than it takes",
        0x96 => "The broker says that messages come too fast",
        0x97 => "The broker's quota for this client is used up; its owner must raise it or wait",
        0x98 => "The broker's administrator ended the connection",
        0x9C or 0x9D => "The broker says to use another server; set its address",
        0x9F => "The broker says that connects come too fast; it is tried again",
        0xA0 => "The broker allows no longer connection; it is connected again",
        _ => "The broker ended the connection",
    }, code, text);

    /// <summary>For PUBACK.</summary>
    public static string OfPublish(int code, string? text, string topic) => Words(code switch
    {
        0x87 => $"The broker does not allow this client to publish to {topic}; its owner must",
        0x90 => $"The broker does not take the topic {topic}",
        0x95 => $"The broker does not take a message of this size to {topic}",
        0x97 => $"The broker's quota for this client is used up, so it did not take a message to {topic}",
        0x99 => $"The broker does not take a payload of this format to {topic}",
        _ => $"The broker did not take a message to {topic}",
    }, code, text);

    /// <summary>For SUBACK.</summary>
    public static string OfSubscription(int code, string? text, string filter) => Words(code switch
    {
        0x87 => $"The broker does not allow this client to subscribe to {filter}; its owner must",
        0x8F => $"The broker does not take the topic filter {filter}",
        0x97 => $"The broker's quota for subscriptions is used up at {filter}",
        0x9E => $"The broker has no shared subscriptions, which {filter} needs",
        0xA2 => $"The broker has no wildcards, which {filter} needs",
        _ => $"The broker did not take the subscription to {filter}",
    }, code, text);

    private static string Words(string sentence, int code, string? text) =>
        string.IsNullOrWhiteSpace(text) ? $"{sentence} (0x{code:X2})." : $"{sentence} (0x{code:X2}: {Printable(text)}).";

    // It goes into logs and onto pages, and the broker is not trusted.
    private static string Printable(string text) =>
        string.Concat(text.Where(c => !char.IsControl(c)).Take(200));
}
