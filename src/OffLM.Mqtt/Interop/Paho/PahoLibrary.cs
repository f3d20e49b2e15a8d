using System.Runtime.InteropServices;

namespace OffLM.Mqtt.Interop.Paho;

/// <summary>What concerns the library as a whole.</summary>
internal static unsafe partial class PahoLibrary
{
    // A client that never connects. The library stops its threads and frees its tables with the last client while another
    // thread may just be making the next one; with this one it never comes to that.
    private static readonly Lazy<ClientHandle> s_anchor = new(CreateAnchor);

    /// <summary>
    /// To be held during each call that adds a command or destroys a client. The library keeps the commands of all clients in one list,
    /// which destroying one goes through without its lock (1.3.12, MQTTAsync_freeCommands): another client's messages are then lost, or sent
    /// from memory that was freed. Held briefly, but for the library's own lock.
    /// </summary>
    public static Lock Calls { get; } = new();

    /// <exception cref="DllNotFoundException">The library is missing.</exception>
    public static void Load() => _ = s_anchor.Value;

    /// <exception cref="DllNotFoundException">The library is missing.</exception>
    public static ClientHandle Create(string uri, string clientId)
    {
        Load();
        return CreateHandle(uri, clientId);
    }

    /// <summary>
    /// The library would go through the proxies that <c>http_proxy</c> and <c>https_proxy</c> name, also to a broker on the LAN,
    /// and has no option against it. The runtime has its own copy of the environment, made here, which model downloads go on using.
    /// </summary>
    internal static void ForgetProxies()
    {
        _ = Environment.GetEnvironmentVariables();
        _ = unsetenv("http_proxy");
        _ = unsetenv("https_proxy");
    }

    private static ClientHandle CreateAnchor()
    {
        ForgetProxies();
        return CreateHandle("tcp://127.0.0.1:1", "anchor");
    }

    private static ClientHandle CreateHandle(string uri, string clientId)
    {
        var options = new NativeCreateOptions
        {
            Id = NativeMethods.StructId("MQCO"u8),
            Version = 2,
            MaximumBufferedMessages = ushort.MaxValue,   // our own window is smaller
            MqttVersion = NativeMethods.Version5,
            RestoreMessages = 0,
        };
        var code = NativeMethods.MQTTAsync_createWithOptions(out var handle, uri, clientId, NativeMethods.PersistenceNone, 0, &options);
        return code == NativeMethods.Success
            ? new ClientHandle(handle)
            : throw new InvalidOperationException($"The MQTT library refused a client for {uri} with id '{clientId}' ({code}).");
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unsetenv(string name);
}
