using OffLM.Edge.Inference.Tests.Support;
using OffLM.ModelForge;

namespace OffLM.Edge.Inference.Tests.Engines;

/// <summary>Adapters are models of their own over one loaded base: each answer is computed with its own, whoever else is being answered.</summary>
public class AdapterTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly ModelRecipe _base;
    private ModelHost _host = null!;

    public AdapterTests()
        : this(half: false)
    {
    }

    protected AdapterTests(bool half) => _base = ModelRecipe.Tiny with { Adaptable = true, Threads = 1, Half = half };

    public Task InitializeAsync()
    {
        Forge.Write(_folder.Path("base"), _base);
        for (var i = 0; i < 10; i++)
        {
            Forge.Write(_folder.Path($"adapter{i}"), new AdapterRecipe(_base, $"a{i}") { Seed = (ulong)i });
        }

        _host = new ModelHost(
            new ModelStore(_folder.Root), new ModelHostOptions { Engine = EngineChoice.Direct, Threads = 1, MaxAdapters = 3, Scheduler = new SchedulerOptions { MaxActive = 4 } }, TimeProvider.System);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task An_adapter_answers_differently_from_its_base_and_the_same_each_time()
    {
        var plain = await AnswerAsync("tiny");
        var adapted = await AnswerAsync("tiny:a1");
        var other = await AnswerAsync("tiny:a2");

        Assert.NotEqual(plain, adapted);
        Assert.NotEqual(adapted, other);
        Assert.Equal((plain, adapted, other), (await AnswerAsync("tiny"), await AnswerAsync("tiny:a1"), await AnswerAsync("tiny:a2")));
        Assert.Equal("tiny", Assert.Single(_host.Loaded).Model.Name);
    }

    [Fact]
    public async Task Answers_side_by_side_are_each_computed_with_their_own()
    {
        string[] names = ["tiny", "tiny:a1", "tiny:a1", "tiny:a2"];
        var alone = new List<string>();
        foreach (var name in names)
        {
            alone.Add(await AnswerAsync(name, 60));
        }

        Assert.Equal(alone, await Task.WhenAll(names.Select(name => AnswerAsync(name, 60))));
    }

    [Fact]
    public async Task Answers_that_are_stepped_together_share_their_adapter()
    {
        string[] names = ["tiny:a1", "tiny", "tiny:a2", "tiny:a1"];
        var alone = new List<string>();
        foreach (var name in names)
        {
            alone.Add(await AnswerAsync(name, 3));
        }

        Assert.Equal(alone, await Task.WhenAll(names.Select(name => AnswerAsync(name, 3, TinyModel.Prompt(40)))));
    }

    [Fact]
    public async Task What_one_computed_of_a_conversation_is_not_taken_for_another()
    {
        var prompt = TinyModel.Prompt(200);
        await AnswerAsync("tiny", 4, prompt);

        using var lease = await _host.AcquireAsync("tiny:a1", null, CancellationToken.None);
        var first = await Answer.OfAsync(lease.Scheduler, lease.Adapted(TinyModel.Greedy(prompt, 4)));
        var second = await Answer.OfAsync(lease.Scheduler, lease.Adapted(TinyModel.Greedy(prompt, 4)));

        Assert.Equal(0, first.Result.CachedTokens);
        Assert.True(second.Result.CachedTokens > 100);
    }

    [Fact]
    public async Task Few_of_many_are_resident_and_one_that_left_comes_back()
    {
        var first = await AnswerAsync("tiny:a0");
        for (var i = 1; i < 10; i++)
        {
            await AnswerAsync($"tiny:a{i}");
            Assert.Equal(Math.Min(i + 1, 3), Assert.Single(_host.Loaded).Adapters);
        }

        Assert.Equal(first, await AnswerAsync("tiny:a0"));
    }

    [Fact]
    public async Task A_lease_names_both_the_base_and_the_adapter()
    {
        using var lease = await _host.AcquireAsync("tiny:a3", null, CancellationToken.None);

        Assert.Equal(("tiny", "tiny:a3"), (lease.Model.Name, lease.Adapter!.Name));
        Assert.NotEqual(lease.ModelId, lease.Adapter.Id);
    }

    [Fact]
    public async Task A_base_and_its_adapters_wait_together_and_share_one_load()
    {
        Forge.Write(_folder.Path("other"), ModelRecipe.Tiny with { Name = "other", Threads = 1 });
        var first = await _host.AcquireAsync("tiny:a1", null, CancellationToken.None);
        var other = _host.AcquireAsync("other", null, CancellationToken.None);
        var tiny = ((string[])["tiny:a1", "tiny", "tiny:a2"]).Select(name => _host.AcquireAsync(name, null, CancellationToken.None)).ToList();
        Assert.Equal(4, _host.Waiting);

        first.Dispose();
        (await other).Dispose();
        var leases = await Task.WhenAll(tiny);

        Assert.Equal(("tiny", 3), (Assert.Single(_host.Loaded).Model.Name, _host.Loaded[0].Leases));
        Assert.Equal(["tiny:a1", null, "tiny:a2"], leases.Select(l => l.Adapter?.Name));
        Array.ForEach(leases, l => l.Dispose());
    }

    [Fact]
    public async Task An_adapter_for_another_graph_or_without_its_base_is_told()
    {
        Forge.Write(_folder.Path("wide"), new AdapterRecipe(_base with { Hidden = 256 }, "wide"));
        Forge.Write(_folder.Path("other"), new AdapterRecipe(_base with { Half = !_base.Half }, "other"));
        Forge.Write(_folder.Path("lost"), new AdapterRecipe(_base with { Name = "gone" }, "lost"));

        var wide = await Assert.ThrowsAsync<ModelLoadException>(() => AnswerAsync("tiny:wide"));
        var other = await Assert.ThrowsAsync<ModelLoadException>(() => AnswerAsync("tiny:other"));
        var lost = await Assert.ThrowsAsync<ModelLoadException>(() => AnswerAsync("gone:lost"));

        Assert.Contains("fits no input of its base model's graph", wide.Message, StringComparison.Ordinal);
        Assert.Contains("fits no input of its base model's graph", other.Message, StringComparison.Ordinal);
        Assert.Contains("its base model gone is not here", lost.Message, StringComparison.Ordinal);
        Assert.Equal(0, Assert.Single(_host.Loaded).Leases);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(20_000_000, true)]
    [InlineData(int.MaxValue, true)]
    [InlineData(-1, true)]
    public void A_file_that_says_it_has_more_than_it_has_is_none(int dimensions, bool isBroken)
    {
        // A matrix "w" of no rows, as the library's own tools lay it out: two tables behind their directories, then lists.
        int[] words =
        [
            32, BitConverter.ToInt32("TORT"u8), 12 | (8 << 16), 0, 4 << 16, 0, 0, 0,
            24, 4, 1, 44, 12 | (20 << 16), 4 | (8 << 16), 12 | (16 << 16), 0, 0, 0, 0, 0,
            0, 0,
            40, 24, 28, 1, 32, 0,
            dimensions, 0, 0, 0,
            1, 'w', 0,
        ];
        words[11] = 4 * (22 - 11);
        words[22] = 4 * (22 - 12);
        (words[23], words[24], words[26]) = (4 * (32 - 23), 4 * (28 - 24), 4 * (34 - 26));
        var file = System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan()).ToArray();

        var error = Record.Exception(() => new AdapterFile(file).Read());

        Assert.Equal(isBroken, error is InvalidDataException or OverflowException);
        Assert.True(isBroken || error is null, error?.Message);
    }

    private async Task<string> AnswerAsync(string model, int tokens = 20, int[]? prompt = null)
    {
        using var lease = await _host.AcquireAsync(model, null, CancellationToken.None);
        var answer = await Answer.OfAsync(lease.Scheduler, lease.Adapted(TinyModel.Greedy(prompt ?? TinyModel.Prompt(40), tokens) with { Deterministic = prompt is null }));
        return answer.Text;
    }
}
