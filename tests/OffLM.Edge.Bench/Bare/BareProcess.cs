using System.Diagnostics;

namespace OffLM.Edge.Bench.Bare;

/// <summary>The baseline in a process of its own, with the libraries of the published node and no thread but GenAI's.</summary>
internal sealed class BareProcess : IAsyncDisposable
{
    /// <summary>This program's first argument in that process.</summary>
    public const string Verb = "bare-loop";

    private readonly Process _process;

    private BareProcess(Process process) => _process = process;

    public static async Task<BareProcess> StartAsync(Workspace workspace)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [Verb, workspace.Published, workspace.Model])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var bare = new BareProcess(Process.Start(start)!);
        _ = await bare.LineAsync();
        return bare;
    }

    /// <summary>A text of exactly so many tokens; another for each seed.</summary>
    public Task<string> PromptAsync(int seed, int tokens) => AskAsync($"prompt {seed} {tokens}");

    /// <summary>Generates greedily.</summary>
    /// <param name="prompt">What to continue.</param>
    /// <param name="most">Tokens.</param>
    /// <param name="piece">Prompt tokens to append at a time.</param>
    public async Task<BareRun> RunAsync(string prompt, int most, int piece = int.MaxValue) => BareRun.Parse(await AskAsync($"run {most} {piece} {prompt}"));

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<string> AskAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
        return await LineAsync();
    }

    private async Task<string> LineAsync() =>
        await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The bare loop ended; its message is above.");
}
