using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OffLM.Mqtt.Interop.Paho;

/// <summary>What the library calls. Nothing may be thrown through it: the handlers behind these methods do not throw.</summary>
internal sealed unsafe partial class PahoClient
{
    /// <summary>How the library marks a connect that the broker refused; the code is then the broker's reason.</summary>
    private static ReadOnlySpan<byte> RefusedByConnack => "CONNACK return code"u8;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnConnected(nint operation, NativeSuccess* success)
    {
        var properties = new PropertyReader(&success->Properties);
        var connack = new PahoConnack(
            success->SessionPresent != 0,
            properties.TwoBytes(PropertyId.ReceiveMaximum),
            properties.FourBytes(PropertyId.MaximumPacketSize),
            properties.TwoBytes(PropertyId.ServerKeepAlive),
            properties.FourBytes(PropertyId.SessionExpiryInterval),
            properties.Byte(PropertyId.RetainAvailable) != 0);
        PahoOperation.Find(operation)?.Answered(new PahoResult(NativeMethods.Success, success->Reason, null, connack));
    }

    // Properties are not looked at: for some operations the library leaves them uninitialised here.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnSucceeded(nint operation, NativeSuccess* success) =>
        PahoOperation.Find(operation)?.Answered(new PahoResult(NativeMethods.Success, 0, null));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnFailed(nint operation, NativeFailure* failure) => Failed(operation, failure);

    private static void Failed(nint operation, NativeFailure* failure)
    {
        // Where the code is set, everything behind it but the message may be uninitialised.
        PahoResult result;
        if (failure->Code == NativeMethods.Success)
        {
            result = new PahoResult(NativeMethods.Success, failure->Reason, new PropertyReader(&failure->Properties).Text(PropertyId.ReasonString));
        }
        else if (failure->Code > 0 && failure->Message is not null
            && MemoryMarshal.CreateReadOnlySpanFromNullTerminated(failure->Message).SequenceEqual(RefusedByConnack))
        {
            result = new PahoResult(NativeMethods.Success, failure->Code, null);
        }
        else
        {
            result = new PahoResult(NativeMethods.Failure, 0, null);
        }

        PahoOperation.Find(operation)?.Answered(result);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnPublishFailed(nint operation, NativeFailure* failure)
    {
        if (failure->Code == NativeMethods.Failure)
        {
            PahoOperation.Find(operation)?.WriteFailed();
        }

        Failed(operation, failure);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnLost(nint client, byte* cause) => s_clients.Find(client)?._events.LinkLost(0, null);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnDisconnected(nint client, NativeProperties* properties, int reason) =>
        s_clients.Find(client)?._events.LinkLost(reason, new PropertyReader(properties).Text(PropertyId.ReasonString));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnArrived(nint client, byte* topic, int topicLength, NativeMessage* message)
    {
        if (s_clients.Find(client) is { } found)
        {
            found._events.PacketCame();
            found._events.MessageArrived(Read(topic, topicLength, message));
        }

        NativeMethods.MQTTAsync_freeMessage(ref message);
        NativeMethods.MQTTAsync_free(topic);
        return 1;   // taken
    }

    /// <param name="topic">The topic.</param>
    /// <param name="topicLength">Its bytes; 0 means that it ends at its first zero byte.</param>
    /// <param name="message">The message.</param>
    private static MqttMessage Read(byte* topic, int topicLength, NativeMessage* message)
    {
        var name = topicLength > 0 ? new ReadOnlySpan<byte>(topic, topicLength) : MemoryMarshal.CreateReadOnlySpanFromNullTerminated(topic);
        var properties = new PropertyReader(&message->Properties);
        return new MqttMessage(System.Text.Encoding.UTF8.GetString(name), new ReadOnlySpan<byte>(message->Payload, message->PayloadLength).ToArray())
        {
            Delivery = message->Qos == 0 ? Delivery.AtMostOnce : Delivery.AtLeastOnce,
            Retain = message->Retained != 0,
            IsDuplicate = message->Duplicate != 0,
            Expiry = properties.FourBytes(PropertyId.MessageExpiryInterval) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            ContentType = properties.Text(PropertyId.ContentType),
            ResponseTopic = properties.Text(PropertyId.ResponseTopic),
            CorrelationData = properties.Bytes(PropertyId.CorrelationData),
            UserProperties = properties.UserProperties(),
        };
    }
}
