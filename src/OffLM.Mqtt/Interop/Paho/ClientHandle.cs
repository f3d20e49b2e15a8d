using System.Runtime.InteropServices;

namespace OffLM.Mqtt.Interop.Paho;

/// <summary>An <c>MQTTAsync</c>. Releasing it says DISCONNECT where it is connected and nothing is half written.</summary>
internal sealed class ClientHandle : SafeHandle
{
    public ClientHandle(nint client)
        : base(0, ownsHandle: true) => SetHandle(client);

    public override bool IsInvalid => handle == 0;

    /// <summary>Leaves the client to the library for good.</summary>
    public void Abandon() => SetHandleAsInvalid();

    protected override bool ReleaseHandle()
    {
        lock (PahoLibrary.Calls)
        {
            NativeMethods.MQTTAsync_destroy(ref handle);
        }

        return true;
    }
}
