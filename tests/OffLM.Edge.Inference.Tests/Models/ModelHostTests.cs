using OffLM.Edge.Inference.Tests.Support;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Inference.Tests.Models;

public sealed class ModelHostTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _clock = new();
    private readonly List<FakeEngine> _engines = [];
    private Func<StoredModel, IEngine> _load;
    private ModelHost? _host;

    public ModelHostTests()
    {
        FakeModel.Write(_folder.Path("a"), "a", "weights of a");
        FakeModel.Write(_folder.Path("b"), "b", "weights of b");
        _load = _ =>
        {
            _engines.Add(new FakeEngine());
            return _engines[^1];
        };
    }

    private ModelHost Host => _host ??= new ModelHost(new ModelStore(_folder.Root), new ModelHostOptions(), _clock, m => _load(m));

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_model_is_loaded_once_and_stays_for_its_keep_alive()
    {
        using (var lease = await AcquireAsync("a"))
        {
            Assert.Equal("a", lease.Model.Name);
            Assert.Equal(8192, lease.ContextLength);
            Assert.Equal(5, lease.CountTokens("hello"));
        }

        (await AcquireAsync("a:latest")).Dispose();
        Assert.Single(_engines);
        var loaded = Assert.Single(Host.Loaded);
        Assert.Equal(_clock.GetUtcNow() + TimeSpan.FromMinutes(5), loaded.ExpiresAt);
        _clock.Advance(TimeSpan.FromMinutes(4.9));
        Assert.Single(Host.Loaded);
        _clock.Advance(TimeSpan.FromMinutes(0.2));
        await Eventually.TrueAsync(() => _engines[0].IsDisposed, "the model is unloaded");
        Assert.Empty(Host.Loaded);
    }

    [Fact]
    public async Task A_model_in_use_does_not_expire()
    {
        var lease = await AcquireAsync("a", TimeSpan.FromSeconds(1));
        _clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal(1, Assert.Single(Host.Loaded).Leases);
        lease.Dispose();
        lease.Dispose();
        _clock.Advance(TimeSpan.FromSeconds(2));
        await Eventually.TrueAsync(() => _engines[0].IsDisposed, "the model is unloaded");
    }

    [Fact]
    public async Task A_keep_alive_of_zero_unloads_after_use_and_a_negative_one_pins()
    {
        (await AcquireAsync("a", TimeSpan.Zero)).Dispose();
        await Eventually.TrueAsync(() => _engines[0].IsDisposed, "the model is unloaded");

        (await AcquireAsync("a", Timeout.InfiniteTimeSpan)).Dispose();
        (await AcquireAsync("a")).Dispose();
        _clock.Advance(TimeSpan.FromDays(30));

        Assert.Equal(DateTimeOffset.MaxValue, Assert.Single(Host.Loaded).ExpiresAt);
        await Host.UnloadAsync("a");
        Assert.Empty(Host.Loaded);
    }

    [Fact]
    public async Task Another_model_takes_the_place_of_an_idle_one()
    {
        (await AcquireAsync("a")).Dispose();

        using var second = await AcquireAsync("b");

        Assert.Equal("b", Assert.Single(Host.Loaded).Model.Name);
        Assert.True(_engines[0].IsDisposed);
    }

    [Fact]
    public async Task Requests_that_come_while_a_model_loads_share_the_load()
    {
        using var go = new Gate();
        var load = _load;
        _load = m =>
        {
            go.Pass();
            _clock.Advance(TimeSpan.FromSeconds(3));
            return load(m);
        };
        var requests = Enumerable.Range(0, 5).Select(_ => AcquireAsync("a")).ToList();
        go.Open();

        var leases = await Task.WhenAll(requests);

        Assert.Single(_engines);
        Assert.All(leases, l => Assert.Equal(TimeSpan.FromSeconds(3), l.LoadDuration));
        using var later = await AcquireAsync("a");
        Assert.Equal(TimeSpan.Zero, later.LoadDuration);
        Assert.Equal(6, Assert.Single(Host.Loaded).Leases);
        Array.ForEach(leases, l => l.Dispose());
    }

    [Fact]
    public async Task A_failed_load_is_told_and_tried_again()
    {
        var load = _load;
        _load = _ => throw new ModelLoadException("no memory");

        Assert.Equal("The model a can't be loaded: no memory", (await Assert.ThrowsAsync<ModelLoadException>(() => AcquireAsync("a"))).Message);
        Assert.Empty(Host.Loaded);
        _load = load;
        (await AcquireAsync("a")).Dispose();
    }

    [Fact]
    public async Task A_damaged_model_is_not_loaded()
    {
        File.WriteAllText(_folder.Path("a", "onnx", "model.onnx"), "weights 0f a");

        var error = await Assert.ThrowsAsync<ModelDamagedException>(() => AcquireAsync("a"));

        Assert.Contains("model.onnx", error.Message);
        Assert.Empty(_engines);
    }

    [Fact]
    public async Task An_unknown_model_is_told() =>
        await Assert.ThrowsAsync<ModelNotFoundException>(() => AcquireAsync("nobody"));

    [Fact]
    public async Task Who_stops_waiting_for_a_load_leaves_it_to_the_next()
    {
        using var go = new Gate();
        var load = _load;
        _load = m =>
        {
            go.Pass();
            return load(m);
        };
        using var impatient = new CancellationTokenSource();
        var first = Host.AcquireAsync("a", null, impatient.Token);
        impatient.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        go.Open();

        using var lease = await AcquireAsync("a");

        Assert.Single(_engines);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(-1)]
    public async Task A_load_that_fails_when_nobody_waits_any_more_is_in_nobodys_way(int keepAliveSeconds)
    {
        using var go = new Gate();
        using var begun = new Gate();
        var load = _load;
        _load = m =>
        {
            _load = load;
            begun.Open();
            go.Pass();
            throw new ModelLoadException("no memory");
        };
        using var impatient = new CancellationTokenSource();
        var first = Host.AcquireAsync("a", TimeSpan.FromSeconds(keepAliveSeconds), impatient.Token);
        await Eventually.TrueAsync(() => begun.IsOpen, "the load runs");
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        go.Open();

        (await AcquireAsync("b")).Dispose();
        (await AcquireAsync("a")).Dispose();
    }

    [Fact]
    public async Task Unloading_a_model_in_use_waits_for_its_requests()
    {
        var lease = await AcquireAsync("a");
        await Host.UnloadAsync("a");
        Assert.False(_engines[0].IsDisposed);

        lease.Dispose();

        await Eventually.TrueAsync(() => _engines[0].IsDisposed, "the model is unloaded");
    }

    [Fact]
    public async Task Disposing_the_host_interrupts_and_unloads()
    {
        var lease = await AcquireAsync("a");
        var generation = lease.Scheduler.Reserve().Start(new GenerationRequest
        {
            Prompt = [65],
            MaxNewTokens = 5000,
            Sampling = new SamplingOptions { Seed = 1 },
        });

        await Host.DisposeAsync();

        Assert.Equal(FinishReason.Interrupted, (await generation.Completion).Reason);
        Assert.True(_engines[0].IsDisposed);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => AcquireAsync("a"));
        lease.Dispose();
    }

    private Task<ModelLease> AcquireAsync(string name, TimeSpan? keepAlive = null) => Host.AcquireAsync(name, keepAlive, default);
}
