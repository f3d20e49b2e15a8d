using System.Threading.Channels;
using OffLM.Mqtt.Connecting;
using OffLM.Mqtt.Interop.Paho;

namespace OffLM.Mqtt.Publishing;

/// <summary>
/// Publishes over a client while there is a link, in the order of the calls. Nothing is kept for later: what is not acknowledged when the link goes has
/// failed for its caller, although the library may yet deliver it (MQTT 5, section 4.4), and then it still counts in the window.
/// </summary>
internal sealed class Publisher
{
    /// <summary>
    /// How many messages may be under way where the broker allows more. It bounds memory; more brings no more throughput.
    /// </summary>
    private const int MostUnderWay = 256;

    private readonly Lock _gate = new();
    private readonly HashSet<PendingPublish> _pending = [];
    private readonly PublishWindow _window = new();
    private readonly Channel<PendingPublish> _line = Channel.CreateUnbounded<PendingPublish>(new UnboundedChannelOptions { SingleReader = true });
    private PahoClient? _client;
    private MqttSession? _session;

    /// <summary>The link is up.</summary>
    public void Open(PahoClient client, MqttSession session)
    {
        lock (_gate)
        {
            (_client, _session) = (client, session);
            _window.SetLimit(Math.Min(session.ReceiveMaximum, MostUnderWay));
        }
    }

    /// <summary>The link went.</summary>
    public void Close()
    {
        PendingPublish[] pending;
        lock (_gate)
        {
            (_client, _session) = (null, null);
            pending = [.. _pending];
            _pending.Clear();
        }

        foreach (var one in pending)
        {
            one.Fail(one.WasSent ? LinkWent(one.Message.Topic) : NotConnected());
            if (one.WasSent && one.Message.Delivery == Delivery.AtMostOnce)
            {
                one.Leave(_window);   // the library may never say what became of it
            }
        }
    }

    /// <summary>Hands the messages in line to the library as places become free, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (var pending in _line.Reader.ReadAllAsync(cancellation))
            {
                await _window.EnterAsync(cancellation);
                if (BeginSending(pending) is { } client)
                {
                    client.Publish(pending.Message, result => Ended(pending, result));
                }
                else
                {
                    pending.Leave(_window);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped; Close told who still waited.
        }
    }

    /// <exception cref="MqttPublishException">The message was refused, or is known to be.</exception>
    /// <exception cref="MqttDisconnectedException">There is no link, or it went before the acknowledgement.</exception>
    public async Task PublishAsync(MqttMessage message, CancellationToken cancellation)
    {
        PendingPublish pending;
        lock (_gate)
        {
            Check(message, _session ?? throw NotConnected());
            pending = new PendingPublish(message);
            _pending.Add(pending);
            _line.Writer.TryWrite(pending);
        }

        await using var registration = cancellation.Register(pending.GiveUp);
        await pending.Done;
    }

    private static MqttDisconnectedException NotConnected() => new("There is no connection to the broker.");

    private static MqttDisconnectedException LinkWent(string topic) =>
        new($"The connection went before the broker acknowledged a message to {topic}; it may or may not have arrived.");

    private static void Check(MqttMessage message, MqttSession session)
    {
        if (PublishPacket.TopicProblem(message.Topic) is { } problem)
        {
            throw new MqttPublishException(ReasonCodes.TopicNameInvalid, problem);
        }

        var size = PublishPacket.Size(message);
        if (size > session.MaximumPacketBytes)
        {
            throw new MqttPublishException(
                ReasonCodes.PacketTooLarge,
                $"The message to {message.Topic} makes a packet of {size} bytes, but the broker takes at most {session.MaximumPacketBytes}; raise its limit.");
        }

        if (message.Retain && !session.RetainAvailable)
        {
            throw new MqttPublishException(
                ReasonCodes.RetainNotSupported, $"The broker keeps no retained messages, which {message.Topic} needs; allow them there.");
        }
    }

    /// <summary>The client to send with; null if nobody waits for this message any more.</summary>
    private PahoClient? BeginSending(PendingPublish pending)
    {
        lock (_gate)
        {
            if (pending.Done.IsCompleted || _client is null)
            {
                _pending.Remove(pending);
                return null;
            }

            pending.WasSent = true;
            return _client;
        }
    }

    private void Ended(PendingPublish pending, PahoResult result)
    {
        lock (_gate)
        {
            _pending.Remove(pending);
        }

        pending.Leave(_window);
        if (result.IsSuccess)
        {
            pending.Succeed();
        }
        else
        {
            var topic = pending.Message.Topic;
            pending.Fail(result.IsUnknown ? LinkWent(topic)
                : new MqttPublishException(result.Reason, ReasonCodes.OfPublish(result.Reason, result.Text, topic)));
        }
    }
}
