using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace OffLM.Edge.Bench.Nodes;

/// <summary>The published node as a process.</summary>
internal sealed partial class RunningNode : IAsyncDisposable
{
    private const int Terminate = 15;
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private RunningNode(Process process, IPEndPoint address, StartTimes times)
    {
        _process = process;
        Times = times;
        Client = new NodeClient(address);
    }

    /// <summary>How long its start took.</summary>
    public StartTimes Times { get; }

    public NodeClient Client { get; }

    public int ProcessId => _process.Id;

    /// <summary>Starts it and waits until it takes requests.</summary>
    /// <param name="workspace">Which program and models.</param>
    /// <param name="state">Its state directory.</param>
    /// <param name="settings">Settings as environment variables.</param>
    /// <param name="processor">Its only processor, as taskset names it; null for all.</param>
    /// <exception cref="InvalidOperationException">It ended, or took too long.</exception>
    public static async Task<RunningNode> StartAsync(Workspace workspace, string state, IReadOnlyDictionary<string, string>? settings = null, string? processor = null)
    {
        var address = FreeAddress();
        var start = Processors.Only(processor, [workspace.Program, "run", "--state", state, "--listen", address.ToString(), "--models", workspace.Models]);
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("OFFLM_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        // How many are right is up to the text: each token is computed by itself unless a part says otherwise.
        start.Environment["OFFLM_INFERENCE_GUESSES"] = "0";
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        // The model is loaded once for a whole part.
        start.Environment["OFFLM_INFERENCE_KEEP_ALIVE"] = "2h";
        var begun = Stopwatch.GetTimestamp();
        var process = Process.Start(start)!;
        var log = Task.WhenAll(process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
        using var probe = new HealthProbe(address);
        TimeSpan? firstAnswer = null;
        while (true)
        {
            var status = probe.Ask();
            var elapsed = Stopwatch.GetElapsedTime(begun);
            firstAnswer ??= status is null ? null : elapsed;
            if (status == 200)
            {
                return new RunningNode(process, address, new StartTimes(firstAnswer!.Value, elapsed));
            }

            if (process.HasExited || elapsed > StartDeadline)
            {
                process.Kill();
                throw new InvalidOperationException($"The node did not take requests after {elapsed.TotalSeconds:F1} s. It wrote:\n{string.Concat(await log)}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        _ = kill(_process.Id, Terminate);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>Below the ports that the kernel gives to whoever asks for any: nobody else has it by the time the node listens.</summary>
    private static IPEndPoint FreeAddress()
    {
        while (true)
        {
            var address = new IPEndPoint(IPAddress.Loopback, Random.Shared.Next(15_000, 32_000));
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(address);
                return address;
            }
            catch (SocketException)
            {
                // Taken: another one.
            }
        }
    }

    [LibraryImport("libc")]
    private static partial int kill(int process, int signal);
}

/// <summary>How long a start took, from before the process was made.</summary>
/// <param name="FirstAnswer">Until any HTTP answer, be it 503.</param>
/// <param name="Healthy">Until <c>/healthz</c> answered 200.</param>
internal sealed record StartTimes(TimeSpan FirstAnswer, TimeSpan Healthy);
