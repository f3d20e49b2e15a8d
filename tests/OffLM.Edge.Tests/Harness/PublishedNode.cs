using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace OffLM.Edge.Tests.Harness;

/// <summary>The published program as a child process: a node on a port and a state directory of its own.</summary>
internal sealed class PublishedNode : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan EndDeadline = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Scratch? _scratch;
    private readonly StringBuilder _log = new();
    private readonly bool _wrapped;

    private PublishedNode(Process process, Scratch? scratch, string state, int port, bool wrapped)
    {
        (_process, _scratch, State, Port, _wrapped) = (process, scratch, state, port, wrapped);
        Http = NewClient();
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_log)
            {
                _log.AppendLine(line.Data);
            }
        };
        process.BeginErrorReadLine();
    }

    public string State { get; }

    public int Port { get; }

    public Uri Address => new($"http://127.0.0.1:{Port}");

    /// <summary>A client without a key, with the node's address as its base.</summary>
    public HttpClient Http { get; }

    /// <summary>The node's own process, also when a wrapper runs it.</summary>
    public int Pid => _wrapped ? ChildOf(_process.Id) : _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What it wrote to standard error so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

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
        var port = setup.Port ?? Scratch.FreePort();
        string[] command = [.. setup.Wrapper, PublishedProgram.Binary, "run", "--state", state, "--listen", $"127.0.0.1:{port}", .. setup.Options];
        var process = Process.Start(Command.Prepare(command[0], command[1..], setup.Environment))!;
        return new PublishedNode(process, scratch, state, port, setup.Wrapper.Count > 0);
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
        if (_process.HasExited)
        {
            throw new InvalidOperationException($"The node ended with {_process.ExitCode}.\n{Log}");
        }

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

    /// <summary>Ends it as a power cut would, and waits for its end.</summary>
    public async Task Kill9Async()
    {
        _ = Libc.Kill(Pid, Libc.Sigkill);
        await WaitForExitAsync();
    }

    /// <summary>Asks it to end.</summary>
    public void Terminate() => _ = Libc.Kill(Pid, Libc.Sigterm);

    /// <summary>Asks it to end, and waits for that.</summary>
    /// <returns>Its exit status.</returns>
    public async Task<int> StopAsync()
    {
        Terminate();
        return await WaitForExitAsync();
    }

    public async Task<int> WaitForExitAsync()
    {
        using var deadline = new CancellationTokenSource(EndDeadline);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"The node did not end within {EndDeadline.TotalSeconds} s.\n{Log}", e);
        }
    }

    /// <summary>A line of <c>/proc/PID/status</c> in its unit, for example VmRSS in kB.</summary>
    public long ProcStatus(string field)
    {
        var line = File.ReadLines($"/proc/{Pid}/status").First(l => l.StartsWith(field + ":", StringComparison.Ordinal));
        return long.Parse(line[(field.Length + 1)..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_process.HasExited)
        {
            await Kill9Async();
        }

        _process.Dispose();
        _scratch?.Dispose();
    }

    private static int ChildOf(int pid)
    {
        var children = File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return children.Length > 0 ? int.Parse(children[0], CultureInfo.InvariantCulture) : pid;
    }
}
