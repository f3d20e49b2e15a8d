using System.Threading.Channels;
using OffLM.Mqtt.Connecting;
using OffLM.Mqtt.Interop.Paho;
using OffLM.Mqtt.Interop.Sockets;

namespace OffLM.Mqtt.Publishing;

/// <summary>
/// Publishes over a client while there is a link, in the order of the calls. Nothing is kept for later: what is not acknowledged
/// when the link goes has failed for its caller, who alone knows whether it is still worth sending again.
/// </summary>
internal sealed class Publisher(TimeProvider time)
{
    /// <summary>
    /// How many messages may be under way where the broker allows more. The socket's buffer holds as many, small ones at 2 KB each for the
    /// kernel; more brings no more throughput.
    /// </summary>
    private const int MostUnderWay = 128;

    /// <summary>How often to see whether a full socket has room again; a slow link is slower than that.</summary>
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private readonly HashSet<PendingPublish> _pending = [];
    private readonly PublishWindow _window = new();
    private readonly Channel<PendingPublish> _line = Channel.CreateUnbounded<PendingPublish>(new UnboundedChannelOptions { SingleReader = true });
    private PahoClient? _client;
    private BrokerSockets _sockets = BrokerSockets.None;
    private MqttSession? _session;
    private long _lastSent;

    /// <summary>When something was last handed to the library, as a timestamp of the clock.</summary>
    public long LastSent => Volatile.Read(ref _lastSent);

    /// <summary>The link is up.</summary>
    public void Open(PahoClient client, MqttSession session, BrokerSockets sockets)
    {
        lock (_gate)
        {
            (_client, _session, _sockets) = (client, session, sockets);
            _window.SetLimit(Math.Min(session.ReceiveMaximum, MostUnderWay));
        }
    }

    /// <summary>The link went.</summary>
    public void Close()
    {
        PendingPublish[] pending;
        lock (_gate)
        {
            (_client, _session, _sockets) = (null, null, BrokerSockets.None);
            pending = [.. _pending];
            _pending.Clear();
        }

        foreach (var one in pending)
        {
            one.Fail(one.WasSent ? LinkWent(one.Message.Topic) : NotConnected());
        }
    }

    /// <summary>Hands the messages in line to the library as places become free, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (var pending in _line.Reader.ReadAllAsync(cancellation))
            {
                await _window.EnterAsync(pending.Bytes, cancellation);
                await RoomAsync(cancellation);
                if (BeginSending(pending) is { } client)
                {
                    Send(client, pending);
                }
                else
                {
                    _window.Leave(pending.Bytes);
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
            var size = Check(message, _session ?? throw NotConnected());
            pending = new PendingPublish(message, size);
            _pending.Add(pending);
            _line.Writer.TryWrite(pending);
        }

        await using var registration = cancellation.Register(pending.GiveUp);
        await pending.Done;
    }

    private static MqttDisconnectedException NotConnected() => new("There is no connection to the broker.");

    private static MqttDisconnectedException LinkWent(string topic) =>
        new($"The connection went before the broker acknowledged a message to {topic}; it may or may not have arrived.");

    /// <summary>Returns the size of its packet.</summary>
    private static long Check(MqttMessage message, MqttSession session)
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

        return size;
    }

    /// <summary>
    /// Until the socket takes more. What the library cannot write it queues, and what is in that queue when the link goes is lost
    /// to it: its memory is never freed (1.3.12). What it has not come to yet is in that queue too; the window bounds that.
    /// </summary>
    private async Task RoomAsync(CancellationToken cancellation)
    {
        while (true)
        {
            BrokerSockets sockets;
            lock (_gate)
            {
                sockets = _sockets;
            }

            if (sockets.HaveRoom())
            {
                return;
            }

            await Task.Delay(s_look, cancellation);
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
            Volatile.Write(ref _lastSent, time.GetTimestamp());
            return _client;
        }
    }

    private void Send(PahoClient client, PendingPublish pending)
    {
        try
        {
            client.Publish(pending.Message, result => Ended(pending, result));
        }
        catch (Exception exception)
        {
            // A message that can't be read is its caller's trouble, and must not keep the others in line for ever.
            Leave(pending);
            pending.Fail(exception);
        }
    }

    private void Leave(PendingPublish pending)
    {
        lock (_gate)
        {
            _pending.Remove(pending);
        }

        _window.Leave(pending.Bytes);
    }

    private void Ended(PendingPublish pending, PahoResult result)
    {
        Leave(pending);
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
