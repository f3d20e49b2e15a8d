using System.Net.Sockets;
using OffLM.Shared;

namespace OffLM.Edge.Tests.Harness;

/// <summary>The published node as a child process, on a port and a state directory of its own.</summary>
internal sealed class PublishedNode : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(30);

    private readonly ChildProgram _program;
    private readonly Scratch? _scratch;

    private PublishedNode(ChildProgram program, Scratch? scratch, string state, int port)
    {
        (_program, _scratch, State, Port) = (program, scratch, state, port);
        Http = NewClient();
    }

    public string State { get; }

    public int Port { get; }

    public Uri Address => new($"http://127.0.0.1:{Port}");

    /// <summary>A client without a key, with the node's address as its base.</summary>
    public HttpClient Http { get; }

    /// <inheritdoc cref="ChildProgram.Pid"/>
    public int Pid => _program.Pid;

    public bool HasExited => _program.HasExited;

    /// <inheritdoc cref="ChildProgram.Log"/>
    public string Log => _program.Log;

    /// <summary>Starts a node and waits until it takes requests.</summary>
    /// <exception cref="InvalidOperationException">It ended instead; the message has its log.</exception>
    public static async Task<PublishedNode> StartAsync(NodeSetup? setup = null)
    {
        var node = Launch(setup);
        try
        {
            await node.WaitUntilReadyAsync();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a node and doesn't wait.</summary>
    public static PublishedNode Launch(NodeSetup? setup = null)
    {
        setup ??= new();
        var scratch = setup.State is null ? new Scratch() : null;
        var state = setup.State ?? scratch!["state"];
        var port = setup.Port ?? FreePort.Next();
        if (!setup.Shipped)
        {
            RandomModel.PutInto(state);
        }

        string[] command = [.. setup.Wrapper, PublishedProgram.Binary, "run", "--state", state, "--listen", $"127.0.0.1:{port}", .. setup.Options];
        return new PublishedNode(new ChildProgram("node", command, setup.Environment, setup.Wrapper.Count > 0), scratch, state, port);
    }

    public HttpClient NewClient(string? key = null)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 1000 }) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
        if (key is not null)
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        }

        return client;
    }

    /// <summary>Waits until <c>/healthz</c> says ok.</summary>
    public Task WaitUntilReadyAsync() => Until.TrueAsync(StartDeadline, async () => await IsReadyAsync(), () => $"The node is not ready after {StartDeadline.TotalSeconds} s.\n{Log}");

    /// <summary>True once it takes requests.</summary>
    /// <exception cref="InvalidOperationException">It ended.</exception>
    public async Task<bool> IsReadyAsync()
    {
        _program.RequireRunning();
        try
        {
            using var health = await Http.GetAsync("/healthz");
            return health.IsSuccessStatusCode;
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException or IOException)
        {
            return false;
        }
    }

    /// <inheritdoc cref="ChildProgram.Kill9Async"/>
    public Task Kill9Async() => _program.Kill9Async();

    /// <inheritdoc cref="ChildProgram.Terminate"/>
    public void Terminate() => _program.Terminate();

    /// <inheritdoc cref="ChildProgram.StopAsync"/>
    public Task<int> StopAsync() => _program.StopAsync();

    /// <inheritdoc cref="ChildProgram.WaitForExitAsync"/>
    public Task<int> WaitForExitAsync() => _program.WaitForExitAsync();

    /// <inheritdoc cref="ChildProgram.ProcStatus"/>
    public long ProcStatus(string field) => _program.ProcStatus(field);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _program.DisposeAsync();
        _scratch?.Dispose();
    }
}
