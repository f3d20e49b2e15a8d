using OffLM.Edge.Bench.Bare;
using OffLM.ModelForge;

namespace OffLM.Edge.Bench.Llama;

/// <summary>llama.cpp in a process of its own, with a model of the bench model's dimensions and as many threads as there are processors.</summary>
internal sealed class LlamaProcess : IAsyncDisposable
{
    /// <summary>This program's first argument in that process.</summary>
    public const string Verb = "llama-loop";

    private readonly LineProcess _process;

    private LlamaProcess(LineProcess process, string variant) => (_process, Variant) = (process, variant);

    public int ProcessId => _process.ProcessId;

    /// <summary>The CPU library that llama.cpp chose for this processor.</summary>
    public string Variant { get; }

    /// <summary>Fetches the libraries and makes the model if they aren't there.</summary>
    /// <exception cref="NotMeasurableException">The libraries can't be had.</exception>
    public static async Task<LlamaProcess> StartAsync(Workspace workspace)
    {
        var libraries = await LlamaLibraries.EnsureAsync(workspace);
        var recipe = ModelRecipe.Preset(Workspace.ModelName);
        var model = GgufModel.Ensure(libraries, recipe);
        var (process, variant) = await LineProcess.StartAsync(Verb, libraries, model, $"{recipe.Context}");
        return new LlamaProcess(process, variant);
    }

    /// <summary>Generates greedily after a prompt of random tokens.</summary>
    /// <param name="seed">Of the prompt.</param>
    /// <param name="promptTokens">Its length.</param>
    /// <param name="tokens">To generate.</param>
    public async Task<BareRun> RunAsync(int seed, int promptTokens, int tokens) => BareRun.Parse(await _process.AskAsync($"{seed} {promptTokens} {tokens}"));

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
