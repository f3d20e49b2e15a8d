namespace OffLM.Edge.Bench.Bare;

/// <summary>The baseline in a process of its own, with the libraries of the published node and no thread but GenAI's.</summary>
internal sealed class BareProcess : IAsyncDisposable
{
    /// <summary>This program's first argument in that process.</summary>
    public const string Verb = "bare-loop";

    private readonly LineProcess _process;

    private BareProcess(LineProcess process) => _process = process;

    public int ProcessId => _process.ProcessId;

    public static async Task<BareProcess> StartAsync(Workspace workspace) =>
        new((await LineProcess.StartAsync(Verb, workspace.Published, workspace.BareModel)).Process);

    /// <summary>A text of exactly so many tokens; another for each seed.</summary>
    public Task<string> PromptAsync(int seed, int tokens) => _process.AskAsync($"prompt {seed} {tokens}");

    /// <summary>Generates greedily.</summary>
    /// <param name="prompt">What to continue.</param>
    /// <param name="most">Tokens.</param>
    /// <param name="piece">Prompt tokens to append at a time.</param>
    public async Task<BareRun> RunAsync(string prompt, int most, int piece = int.MaxValue) =>
        BareRun.Parse(await _process.AskAsync($"run {most} {piece} {prompt}"));

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
