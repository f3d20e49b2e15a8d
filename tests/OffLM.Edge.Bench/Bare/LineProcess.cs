using System.Diagnostics;

namespace OffLM.Edge.Bench.Bare;

/// <summary>This program once more, as a process that answers a line with a line: a baseline with nothing of the bench's own beside it.</summary>
internal sealed class LineProcess : IAsyncDisposable
{
    private readonly Process _process;

    private LineProcess(Process process) => _process = process;

    public int ProcessId => _process.Id;

    /// <summary>Starts it and waits for its first line.</summary>
    /// <param name="arguments">The first is the verb.</param>
    /// <returns>The process, and that line.</returns>
    public static async Task<(LineProcess Process, string FirstLine)> StartAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        var process = new LineProcess(Process.Start(start)!);
        return (process, await process.LineAsync());
    }

    public async Task<string> AskAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
        return await LineAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<string> LineAsync() =>
        await _process.StandardOutput.ReadLineAsync()
        ?? throw new InvalidOperationException($"The process '{_process.StartInfo.ArgumentList[0]}' ended; its message is above.");
}
