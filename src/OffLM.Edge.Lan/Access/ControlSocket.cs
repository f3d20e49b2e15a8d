using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace OffLM.Edge.Lan.Access;

/// <summary>
/// The door for this machine's administrator: a Unix socket whose file only the node's own user (and root) can open. Who comes through
/// it is the household, without a key.
/// </summary>
internal static class ControlSocket
{
    /// <summary>True if the request came through the socket. Marked on the connection, not guessed from a missing address.</summary>
    public static bool IsUsedBy(HttpContext context) => context.Features.Get<Mark>() is not null;

    /// <summary>Listens on the socket.</summary>
    public static void Listen(KestrelServerOptions kestrel, string path) => kestrel.ListenUnixSocket(path, listen =>
    {
        listen.Protocols = HttpProtocols.Http1;
        listen.Use(next => connection =>
        {
            connection.Features.Set(Mark.Instance);
            return next(connection);
        });
    });

    /// <summary>Binds Kestrel's sockets. A Unix socket gets its mode before it listens, so there is no moment at which others could connect.</summary>
    /// <exception cref="IOException">Another node listens there, or something else has the name.</exception>
    public static Socket Bind(EndPoint endpoint)
    {
        if (endpoint is not UnixDomainSocketEndPoint)
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        }

        var path = endpoint.ToString()!;
        RemoveStale(path, endpoint);
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        try
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Deletes what a killed node left, and nothing else.</summary>
    private static void RemoveStale(string path, EndPoint endpoint)
    {
        if (!File.Exists(path))
        {
            return;
        }

        if (new FileInfo(path).Length > 0)
        {
            throw new IOException($"{path} is a file, not a control socket. Move it away, or choose another path in lan.controlSocket.");
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endpoint);
        }
        catch (SocketException)
        {
            File.Delete(path);
            return;
        }

        throw new AddressInUseException($"A node listens on {path} already. Stop it first, or give this one another state directory.");
    }

    private sealed class Mark
    {
        public static readonly Mark Instance = new();
    }
}
