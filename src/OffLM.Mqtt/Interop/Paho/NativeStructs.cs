using System.Runtime.InteropServices;

namespace OffLM.Mqtt.Interop.Paho;

/// <summary>MQTTLenString: bytes with their count, not terminated.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeString
{
    public int Length;
    public byte* Data;
}

/// <summary>MQTTProperty: the value's type follows from the identifier (MQTT 5, section 2.2.2.2).</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
internal struct NativeProperty
{
    [FieldOffset(0)]
    public int Identifier;

    [FieldOffset(8)]
    public byte Byte;

    [FieldOffset(8)]
    public ushort TwoBytes;

    [FieldOffset(8)]
    public uint FourBytes;

    /// <summary>A string or bytes; of a pair, the name.</summary>
    [FieldOffset(8)]
    public NativeString Text;

    /// <summary>Of a pair, the value.</summary>
    [FieldOffset(24)]
    public NativeString PairValue;
}

/// <summary>MQTTProperties.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeProperties
{
    public int Count;
    public int Capacity;
    public int Length;
    public NativeProperty* Items;
}

/// <summary>MQTTAsync_message, version 1.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeMessage
{
    public uint Id;
    public int Version;
    public int PayloadLength;
    public byte* Payload;
    public int Qos;
    public int Retained;
    public int Duplicate;
    public int PacketId;
    public NativeProperties Properties;
}

/// <summary>MQTTAsync_createOptions, version 2.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeCreateOptions
{
    public uint Id;
    public int Version;
    public int SendWhileDisconnected;
    public int MaximumBufferedMessages;
    public int MqttVersion;
    public int AllowDisconnectedSendAtAnyTime;
    public int DeleteOldestMessages;
    public int RestoreMessages;
    public int PersistQos0;
}

/// <summary>MQTTAsync_willOptions, version 1.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeWillOptions
{
    public uint Id;
    public int Version;
    public byte* Topic;
    public byte* Message;
    public int Retained;
    public int Qos;
    public NativeString Payload;
}

/// <summary>MQTTSubscribe_options, version 0.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeSubscribeOptions
{
    public uint Id;
    public int Version;
    public byte NoLocal;
    public byte RetainAsPublished;
    public byte RetainHandling;
}

/// <summary>MQTTAsync_SSLOptions, version 5.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeTlsOptions
{
    public uint Id;
    public int Version;
    public byte* TrustStore;
    public byte* KeyStore;
    public byte* PrivateKey;
    public byte* PrivateKeyPassword;
    public byte* CipherSuites;
    public int EnableServerCertificateAuthentication;
    public int TlsVersion;
    public int VerifyHost;
    public byte* TrustFolder;
    public nint ErrorCallback;
    public nint ErrorContext;
    public nint PskCallback;
    public nint PskContext;
    public int DisableDefaultTrustStore;
    public byte* Protocols;
    public uint ProtocolsLength;
}

/// <summary>MQTTAsync_connectOptions, version 8.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeConnectOptions
{
    public uint Id;
    public int Version;
    public int KeepAliveSeconds;
    public int CleanSession;
    public int MaximumInFlight;
    public NativeWillOptions* Will;
    public byte* User;
    public byte* Password;
    public int ConnectTimeoutSeconds;
    public int RetryInterval;
    public NativeTlsOptions* Tls;
    public nint OnSuccess;
    public nint OnFailure;
    public nint Context;
    public int ServerUriCount;
    public byte** ServerUris;
    public int MqttVersion;
    public int AutomaticReconnect;
    public int MinimumRetryInterval;
    public int MaximumRetryInterval;
    public NativeString BinaryPassword;
    public int CleanStart;
    public NativeProperties* ConnectProperties;
    public NativeProperties* WillProperties;
    public delegate* unmanaged[Cdecl]<nint, NativeSuccess*, void> OnSuccess5;
    public delegate* unmanaged[Cdecl]<nint, NativeFailure*, void> OnFailure5;
    public nint HttpHeaders;
    public nint HttpProxy;
    public nint HttpsProxy;
}

/// <summary>MQTTAsync_responseOptions, version 1.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeResponseOptions
{
    public uint Id;
    public int Version;
    public nint OnSuccess;
    public nint OnFailure;
    public nint Context;
    public int Token;
    public delegate* unmanaged[Cdecl]<nint, NativeSuccess*, void> OnSuccess5;
    public delegate* unmanaged[Cdecl]<nint, NativeFailure*, void> OnFailure5;
    public NativeProperties Properties;
    public NativeSubscribeOptions Subscribe;
    public int SubscribeCount;
    public NativeSubscribeOptions* SubscribeList;
}

/// <summary>MQTTAsync_successData5 with the <c>connect</c> member of its union, the only one that is read.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeSuccess
{
    public uint Id;
    public int Version;
    public int Token;
    public int Reason;
    public NativeProperties Properties;
    public byte* ServerUri;
    public int MqttVersion;
    public int SessionPresent;
}

/// <summary>MQTTAsync_failureData5.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeFailure
{
    public uint Id;
    public int Version;
    public int Token;
    public int Reason;
    public NativeProperties Properties;
    public int Code;
    public byte* Message;
    public int PacketType;
}
