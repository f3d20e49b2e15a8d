namespace OffLM.Mqtt.Interop.Paho;

/// <summary>
/// One client of the Paho library, for one link: connects once, subscribes, publishes. It could connect again, but then sends what
/// was not acknowledged in a way that brokers reject as malformed, over and over (1.3.12, measured).
/// </summary>
internal sealed unsafe partial class PahoClient : IDisposable
{
    /// <summary>More than our own window ever has under way, so that the library never queues for want of room.</summary>
    private const int MaximumInFlight = 2048;

    private static readonly CallbackTable<PahoClient> s_clients = new();
    private static int _abandoned;

    private readonly ClientHandle _handle;
    private readonly IPahoEvents _events;
    private readonly nint _id;
    private readonly HashSet<PahoOperation> _operations = [];
    private bool _disposed;   // guarded by the library's calls
    private volatile bool _holdsFreedMemory;   // set under the library's lock

    /// <summary>How many were never destroyed, for their memory's sake.</summary>
    public static int Abandoned => Volatile.Read(ref _abandoned);

    /// <exception cref="DllNotFoundException">The library is missing.</exception>
    public PahoClient(Uri broker, string clientId, IPahoEvents events)
    {
        _events = events;
        var scheme = broker.Scheme == MqttOptions.TlsScheme ? "ssl" : "tcp";
        var host = broker.HostNameType == UriHostNameType.IPv6 ? $"[{broker.DnsSafeHost}]" : broker.IdnHost;
        _handle = PahoLibrary.Create($"{scheme}://{host}:{MqttOptions.PortOf(broker)}", clientId);
        _id = s_clients.Add(this);
        _ = NativeMethods.MQTTAsync_setCallbacks(_handle, _id, &OnLost, &OnArrived, 0);
        _ = NativeMethods.MQTTAsync_setDisconnected(_handle, _id, &OnDisconnected);
    }

    /// <summary>Connects. To be called once.</summary>
    public Task<PahoResult> ConnectAsync(PahoConnectRequest request)
    {
        var options = request.Options;
        using var arena = new NativeArena();
        using var connectProperties = new PropertyList();
        using var willProperties = new PropertyList();
        connectProperties.Add(PropertyId.SessionExpiryInterval, PropertyList.Seconds(options.SessionExpiry));
        connectProperties.Add(PropertyId.ReceiveMaximum, options.ReceiveMaximum);
        connectProperties.Add(PropertyId.MaximumPacketSize, options.MaximumPacketBytes);
        var native = new NativeConnectOptions
        {
            Id = NativeMethods.StructId("MQTC"u8),
            Version = 8,
            KeepAliveSeconds = (int)PropertyList.Seconds(request.KeepAlive),
            MaximumInFlight = MaximumInFlight,
            User = arena.Text(options.User),
            Password = arena.Text(options.Password),
            ConnectTimeoutSeconds = (int)PropertyList.Seconds(options.ConnectTimeout) + 30,   // ours ends it, exactly
            MqttVersion = NativeMethods.Version5,
            CleanStart = request.CleanStart ? 1 : 0,
            ConnectProperties = &connectProperties.Native,
            OnSuccess5 = &OnConnected,
            OnFailure5 = &OnFailed,
        };

        NativeWillOptions will;
        if (options.Will is { } message)
        {
            willProperties.AddMessage(message, arena);
            willProperties.Add(PropertyId.WillDelayInterval, PropertyList.Seconds(options.WillDelay));
            will = new NativeWillOptions
            {
                Id = NativeMethods.StructId("MQTW"u8),
                Version = 1,
                Topic = arena.Text(message.Topic),
                Payload = arena.Counted(message.Payload.Span),
                Qos = (int)message.Delivery,
                Retained = message.Retain ? 1 : 0,
            };
            native.Will = &will;
            native.WillProperties = &willProperties.Native;
        }

        NativeTlsOptions tls;
        if (options.Broker.Scheme == MqttOptions.TlsScheme)
        {
            tls = new NativeTlsOptions
            {
                Id = NativeMethods.StructId("MQTS"u8),
                Version = 5,
                TrustStore = arena.Text(options.CaFile),
                KeyStore = arena.Text(options.CertificateFile),
                PrivateKey = arena.Text(options.PrivateKeyFile),
                PrivateKeyPassword = arena.Text(options.PrivateKeyPassword),
                EnableServerCertificateAuthentication = 1,
                VerifyHost = 1,
            };
            native.Tls = &tls;
        }

        var done = new TaskCompletionSource<PahoResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var operation = Begin(done.SetResult);
        native.Context = operation.Id;
        EndIfRefused(operation, Connect(&native));
        return done.Task;
    }

    /// <summary>Retained messages come only where the broker had no such subscription yet.</summary>
    public Task<PahoResult> SubscribeAsync(string filter, Delivery delivery)
    {
        using var arena = new NativeArena();
        var done = new TaskCompletionSource<PahoResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var operation = Begin(done.SetResult);
        var response = Response(operation);
        response.Subscribe.RetainHandling = 1;
        EndIfRefused(operation, Subscribe(arena.Text(filter), delivery, &response));
        return done.Task;
    }

    /// <summary>Hands a message to the library; also to one whose client was ended meanwhile.</summary>
    /// <param name="message">The message; copied.</param>
    /// <param name="done">
    /// Called once, on a thread of the library: at PUBACK, for at most once when it was written. On this thread where the library does not
    /// take it.
    /// </param>
    public void Publish(MqttMessage message, Action<PahoResult> done)
    {
        using var arena = new NativeArena();
        using var properties = new PropertyList();
        properties.AddMessage(message, arena);
        var topic = arena.Text(message.Topic);
        using var payload = message.Payload.Pin();
        var native = new NativeMessage
        {
            Id = NativeMethods.StructId("MQTM"u8),
            Version = 1,
            Payload = (byte*)payload.Pointer,
            PayloadLength = message.Payload.Length,
            Qos = (int)message.Delivery,
            Retained = message.Retain ? 1 : 0,
            Properties = properties.Native,
        };
        var operation = Begin(done);
        var response = Response(operation);
        response.OnFailure5 = &OnPublishFailed;
        EndIfRefused(operation, Send(topic, &native, &response));
    }

    /// <summary>
    /// Ends the client, also in the middle of connecting; sends DISCONNECT where it is connected. No event comes afterwards, and
    /// what still waited has ended with <see cref="NativeMethods.OperationIncomplete"/>. Waits for the library's lock.
    /// </summary>
    /// <remarks>
    /// When the write of a message fails, the library frees its topic and payload and keeps it among those that wait for PUBACK; destroying the
    /// client then frees them again, whatever has been put there since: another message's, or the library's own lists (1.3.12,
    /// MQTTAsync_processCommand and MQTTAsync_writeComplete). Such a client is left as it is. Its link is closed by the library itself, and what it
    /// keeps are its unacknowledged messages: kilobytes, for each link that broke in the middle of a write.
    /// </remarks>
    public void Dispose()
    {
        lock (PahoLibrary.Calls)
        {
            _disposed = true;

            // Waits for the library's lock: a write that is failing just now has failed then.
            _ = NativeMethods.MQTTAsync_setDisconnected(_handle, 0, null);
            if (_holdsFreedMemory)
            {
                _handle.Abandon();
                Interlocked.Increment(ref _abandoned);
            }
            else
            {
                _handle.Dispose();   // at once: nobody else uses it just now
            }
        }

        s_clients.Remove(_id);
        PahoOperation[] left;
        lock (_operations)
        {
            left = [.. _operations];
        }

        foreach (var operation in left)
        {
            operation.End(new PahoResult(NativeMethods.OperationIncomplete, 0, null));
        }
    }

    private static NativeResponseOptions Response(PahoOperation operation) => new()
    {
        Id = NativeMethods.StructId("MQTR"u8),
        Version = 1,
        Context = operation.Id,
        OnSuccess5 = &OnSucceeded,
        OnFailure5 = &OnFailed,
        Subscribe = new NativeSubscribeOptions { Id = NativeMethods.StructId("MQSO"u8) },
    };

    private int Connect(NativeConnectOptions* options)
    {
        lock (PahoLibrary.Calls)
        {
            return _disposed ? NativeMethods.OperationIncomplete : NativeMethods.MQTTAsync_connect(_handle, options);
        }
    }

    private int Subscribe(byte* filter, Delivery delivery, NativeResponseOptions* response)
    {
        lock (PahoLibrary.Calls)
        {
            return _disposed ? NativeMethods.OperationIncomplete : NativeMethods.MQTTAsync_subscribe(_handle, filter, (int)delivery, response);
        }
    }

    private int Send(byte* topic, NativeMessage* message, NativeResponseOptions* response)
    {
        lock (PahoLibrary.Calls)
        {
            return _disposed ? NativeMethods.OperationIncomplete : NativeMethods.MQTTAsync_sendMessage(_handle, topic, message, response);
        }
    }

    private static void EndIfRefused(PahoOperation operation, int code)
    {
        if (code != NativeMethods.Success)
        {
            operation.End(new PahoResult(code, 0, null));
        }
    }

    private PahoOperation Begin(Action<PahoResult> done)
    {
        var operation = new PahoOperation(this, done);
        lock (_operations)
        {
            _operations.Add(operation);
        }

        return operation;
    }

    internal void WriteFailed() => _holdsFreedMemory = true;

    internal void PacketCame() => _events.PacketCame();

    internal void Ended(PahoOperation operation)
    {
        lock (_operations)
        {
            _operations.Remove(operation);
        }
    }
}
