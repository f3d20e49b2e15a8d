using System.Net;
using System.Net.Sockets;

namespace OffLM.Edge.Tests.Harness;

/// <summary>A temporary folder that goes with the test.</summary>
internal sealed class Scratch : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("offlm-whole-").FullName;

    public string this[string name] => Path.Combine(Root, name);

    /// <summary>A port on 127.0.0.1 that nobody listens on now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
