using OffLM.Edge.Inference.Tests.Support;
using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Engines;

/// <summary>What the measuring command is told of a model.</summary>
public sealed class ModelBenchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ModelStore _store;

    public ModelBenchTests()
    {
        Forge.Write(_folder.Path("tiny"), ModelRecipe.Tiny);
        Forge.Write(_folder.Path("encoder"), EncoderRecipe.Tiny);
        _store = new ModelStore(_folder.Root);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(EngineChoice.Direct, 1)]
    [InlineData(EngineChoice.Direct, 4)]
    [InlineData(EngineChoice.GenAi, 3)]
    public async Task Prompts_and_steps_have_a_rate_with_each_engine(EngineChoice engine, int batch)
    {
        using var bench = await LoadAsync(engine);
        var round = bench.Measure(batch, new BenchOptions(PromptTokens: 300, NewTokens: 8), CancellationToken.None);

        Assert.Equal(batch, round.Batch);
        Assert.True(round.Prefill > 0 && round.Decode > 0 && round.FirstToken > TimeSpan.Zero);
        Assert.Equal((null, null), (round.PrefillJoules, round.DecodeJoules));
        Assert.True(bench.MaxBatch >= batch);
    }

    [Fact]
    public async Task Joules_are_divided_by_the_tokens_of_their_phase()
    {
        using var bench = await LoadAsync(EngineChoice.Direct);
        var round = bench.Measure(2, new BenchOptions(PromptTokens: 50, NewTokens: 10, Energy: () => () => 6), CancellationToken.None);

        Assert.Equal((0.06, 0.3), (round.PrefillJoules!.Value, round.DecodeJoules!.Value));
    }

    [Fact]
    public async Task A_prompt_that_is_longer_than_the_context_is_shortened()
    {
        using var bench = await LoadAsync(EngineChoice.Direct);

        Assert.True(bench.Measure(1, new BenchOptions(PromptTokens: 100_000, NewTokens: 8), CancellationToken.None).Decode > 0);
    }

    [Fact]
    public async Task A_pause_ends_when_it_is_cancelled()
    {
        using var bench = await LoadAsync(EngineChoice.Direct);
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));

        Assert.ThrowsAny<OperationCanceledException>(() => bench.Measure(1, new BenchOptions(10, 10, Pace: () => 0), stop.Token));
    }

    [Fact]
    public async Task A_model_that_makes_embeddings_is_refused() => Assert.Contains(
        "makes embeddings",
        (await Assert.ThrowsAsync<WrongModelException>(() => ModelBench.LoadAsync(_store, "tiny-encoder", new ModelHostOptions(), CancellationToken.None))).Message,
        StringComparison.Ordinal);

    private Task<ModelBench> LoadAsync(EngineChoice engine) => ModelBench.LoadAsync(
        _store, "tiny", new ModelHostOptions { Engine = engine, Threads = 1, Scheduler = new SchedulerOptions { MaxActive = 4, IdleSlots = 0 } }, CancellationToken.None);
}
