using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace OffLM.Fleet.Tests.Support;

/// <summary>What a command did.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public JsonElement Json
    {
        get
        {
            using var document = JsonDocument.Parse(Output);
            return document.RootElement.Clone();
        }
    }
}

/// <summary>The program as a child process: killed as a power cut would, or run to its end.</summary>
internal sealed class FleetProgram : IAsyncDisposable
{
    private const int Terminate = 15;

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    private FleetProgram(string[] arguments)
    {
        _process = Process.Start(Prepare(arguments))!;
        _process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_error, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it wrote to standard output so far.</summary>
    public string Output => Read(_output);

    /// <summary>What it wrote to standard error so far.</summary>
    public string Error => Read(_error);

    public int ProcessId => _process.Id;

    /// <summary>Runs a command to its end.</summary>
    public static async Task<CommandResult> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(Prepare(arguments))!;
        using var deadline = new CancellationTokenSource(Until.Deadline);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(deadline.Token), process.StandardError.ReadToEndAsync(deadline.Token));
        await process.WaitForExitAsync(deadline.Token);
        return new(process.ExitCode, await output, await error);
    }

    /// <summary>Starts a command that stays.</summary>
    public static FleetProgram Launch(params string[] arguments) => new(arguments);

    /// <summary>Waits until it has written something to standard output.</summary>
    public Task SaysAsync(string text) => Until.TrueAsync(
        () => !_process.HasExited && Output.Contains(text, StringComparison.Ordinal), () => $"It did not say '{text}'.\n{Output}\n{Error}");

    public void Kill9() => _process.Kill();

    /// <summary>Asks it to end, and waits for that.</summary>
    /// <returns>Its exit status.</returns>
    public async Task<int> StopAsync()
    {
        _ = Posix.Kill(_process.Id, Terminate);
        using var deadline = new CancellationTokenSource(Until.Deadline);
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static ProcessStartInfo Prepare(string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "offlm-fleet"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("OFFLM_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        return start;
    }

    private static void Keep(StringBuilder log, string? line)
    {
        lock (log)
        {
            log.AppendLine(line);
        }
    }

    private static string Read(StringBuilder log)
    {
        lock (log)
        {
            return log.ToString();
        }
    }
}
