using System.Net.Sockets;
using OffLM.Edge.Lan.Tests.NodeApi;

namespace OffLM.Edge.Lan.Tests.Access;

public sealed class ControlSocketTests
{
    private const string Name = "control.sock";

    [Fact]
    public async Task The_administrator_of_this_machine_comes_in_through_the_socket_without_a_key()
    {
        var socket = "";
        await using var node = await RunningNode.StartAsync((lan, folder) => lan with { TrustLoopback = false, ControlSocket = socket = Path.Combine(folder, Name) });
        Assert.Empty((await RunningNode.GetAsync(node.ControlClient(socket), "/node/v1/keys")).GetProperty("keys").EnumerateArray());
    }

    [Fact]
    public async Task Nobody_else_can_open_the_socket()
    {
        var socket = "";
        await using var node = await RunningNode.StartAsync((lan, folder) => lan with { ControlSocket = socket = Path.Combine(folder, Name) });
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(socket));
    }

    [Fact]
    public async Task A_socket_that_a_killed_node_left_does_not_stop_the_next()
    {
        var socket = "";
        await using var node = await RunningNode.StartAsync((lan, folder) =>
        {
            socket = Path.Combine(folder, Name);
            Leave(socket);
            return lan with { ControlSocket = socket };
        });
        await RunningNode.GetAsync(node.ControlClient(socket), "/node/v1/status");
    }

    [Fact]
    public async Task A_file_that_is_no_socket_is_left_alone()
    {
        using var folder = new TemporaryFile("precious");
        var error = await Assert.ThrowsAsync<IOException>(() => RunningNode.StartAsync((lan, _) => lan with { ControlSocket = folder.Path }));
        Assert.Contains("is a file", error.Message);
        Assert.Equal("precious", await File.ReadAllTextAsync(folder.Path));
    }

    [Fact]
    public async Task A_second_node_cannot_take_the_socket_of_a_running_one()
    {
        var socket = "";
        await using var node = await RunningNode.StartAsync((lan, folder) => lan with { ControlSocket = socket = Path.Combine(folder, Name) });
        await Assert.ThrowsAnyAsync<IOException>(() => RunningNode.StartAsync((lan, _) => lan with { ControlSocket = socket }));
        await RunningNode.GetAsync(node.ControlClient(socket), "/node/v1/status");
    }

    /// <summary>Binds under another name and renames: closing a socket deletes the name that it was bound to, being killed doesn't.</summary>
    private static void Leave(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path + ".old"));
        socket.Listen();
        File.Move(path + ".old", path);
    }

    private sealed class TemporaryFile : IDisposable
    {
        public TemporaryFile(string text) => File.WriteAllText(Path, text);

        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}
