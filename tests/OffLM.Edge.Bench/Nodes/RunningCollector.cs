using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace OffLM.Edge.Bench.Nodes;

/// <summary>The published collector as a process.</summary>
internal sealed partial class RunningCollector : IAsyncDisposable
{
    private const int Terminate = 15;

    private readonly Process _process;

    private RunningCollector(Process process) => _process = process;

    public int ProcessId => _process.Id;

    /// <summary>Starts it and waits until it listens to the broker.</summary>
    /// <param name="workspace">Which program.</param>
    /// <param name="folder">Where its database and key are.</param>
    /// <param name="broker">The broker.</param>
    /// <param name="processor">Its only processor, as taskset names it; null for all.</param>
    /// <exception cref="InvalidOperationException">It ended instead.</exception>
    public static async Task<RunningCollector> StartAsync(Workspace workspace, string folder, Uri broker, string? processor = null)
    {
        var process = Process.Start(Prepare(workspace, folder, ["collect", "--db", Path.Combine(folder, "fleet.db"), "--broker", broker.ToString(), "--trust-on-first-use"], processor))!;
        _ = process.StandardError.ReadToEndAsync();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("collecting", StringComparison.Ordinal))
            {
                return new RunningCollector(process);
            }
        }

        throw new InvalidOperationException("The collector ended before it collected.");
    }

    /// <summary>The address that its verdicts are signed with; its key is made if there is none.</summary>
    public static async Task<string> AddressAsync(Workspace workspace, string folder)
    {
        using var process = Process.Start(Prepare(workspace, folder, ["key", "show", "--json"]))!;
        _ = process.StandardError.ReadToEndAsync();
        using var answer = await JsonDocument.ParseAsync(process.StandardOutput.BaseStream);
        return answer.RootElement.GetProperty("address").GetString()!;
    }

    public async ValueTask DisposeAsync()
    {
        _ = kill(_process.Id, Terminate);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static ProcessStartInfo Prepare(Workspace workspace, string folder, IReadOnlyList<string> arguments, string? processor = null)
    {
        string[] command = [Path.Combine(workspace.Published, "offlm-fleet"), .. arguments, "--key", Path.Combine(folder, "collector.json")];
        return Processors.Only(processor, command);
    }

    [LibraryImport("libc")]
    private static partial int kill(int process, int signal);
}
