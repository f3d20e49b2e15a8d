using System.Reflection;
using System.Runtime.InteropServices;

namespace OffLM.Mqtt.Interop.Paho;

/// <summary>libpaho-mqtt3as, <c>MQTTAsync.h</c> and <c>MQTTProperties.h</c>; struct layouts as of 1.3.12, the same since 1.3.10.</summary>
internal static unsafe partial class NativeMethods
{
    internal const int Success = 0;
    internal const int Failure = -1;
    internal const int OperationIncomplete = -11;

    /// <summary>MQTTVERSION_5.</summary>
    internal const int Version5 = 5;

    /// <summary>MQTTCLIENT_PERSISTENCE_NONE: the ledger is what keeps receipts.</summary>
    internal const int PersistenceNone = 1;

    private const string Library = "libpaho-mqtt3as.so.1";

    static NativeMethods() => NativeLibrary.SetDllImportResolver(typeof(NativeMethods).Assembly, Resolve);

    /// <summary>The four characters that head each struct.</summary>
    internal static uint StructId(ReadOnlySpan<byte> name) => MemoryMarshal.Read<uint>(name);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MQTTAsync_createWithOptions(
        out nint handle, string uri, string clientId, int persistence, nint persistenceContext, NativeCreateOptions* options);

    [LibraryImport(Library)]
    internal static partial void MQTTAsync_destroy(ref nint handle);

    [LibraryImport(Library)]
    internal static partial int MQTTAsync_setCallbacks(
        ClientHandle handle,
        nint context,
        delegate* unmanaged[Cdecl]<nint, byte*, void> lost,
        delegate* unmanaged[Cdecl]<nint, byte*, int, NativeMessage*, int> arrived,
        nint delivered);

    [LibraryImport(Library)]
    internal static partial int MQTTAsync_setDisconnected(
        ClientHandle handle, nint context, delegate* unmanaged[Cdecl]<nint, NativeProperties*, int, void> disconnected);

    [LibraryImport(Library)]
    internal static partial int MQTTAsync_connect(ClientHandle handle, NativeConnectOptions* options);

    [LibraryImport(Library)]
    internal static partial int MQTTAsync_sendMessage(ClientHandle handle, byte* topic, NativeMessage* message, NativeResponseOptions* response);

    [LibraryImport(Library)]
    internal static partial int MQTTAsync_subscribe(ClientHandle handle, byte* filter, int qos, NativeResponseOptions* response);

    [LibraryImport(Library)]
    internal static partial void MQTTAsync_freeMessage(ref NativeMessage* message);

    [LibraryImport(Library)]
    internal static partial void MQTTAsync_free(void* memory);

    [LibraryImport(Library)]
    internal static partial int MQTTProperties_add(NativeProperties* properties, NativeProperty* property);

    [LibraryImport(Library)]
    internal static partial void MQTTProperties_free(NativeProperties* properties);

    /// <summary>
    /// Beside the program first, then the system's. Its TLS library is the system's where there is one, because that gets
    /// security updates; the copies beside the program only serve where there is none.
    /// </summary>
    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? search)
    {
        if (name != Library)
        {
            return 0;
        }

        if (!NativeLibrary.TryLoad("libssl.so.3", out _) && NativeLibrary.TryLoad(Beside("libcrypto.so.3"), out _))
        {
            _ = NativeLibrary.TryLoad(Beside("libssl.so.3"), out _);
        }

        if (NativeLibrary.TryLoad(Beside(Library), out var handle) || NativeLibrary.TryLoad(Library, out handle))
        {
            return handle;
        }

        throw new DllNotFoundException(
            $"{Library} was not found beside the program or on the system, or it lacks libssl.so.3. Install the package libpaho-mqtt1.3.");
    }

    private static string Beside(string file) => Path.Combine(AppContext.BaseDirectory, file);
}
