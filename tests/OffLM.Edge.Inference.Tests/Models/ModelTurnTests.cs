using System.Collections.Concurrent;
using OffLM.Edge.Inference.Tests.Support;
using OffLM.Edge.Tests.Shared;

namespace OffLM.Edge.Inference.Tests.Models;

/// <summary>Requests for more models than fit into memory take turns.</summary>
public sealed class ModelTurnTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<FakeEngine> _engines = new();
    private ModelHostOptions _options = new();
    private Func<StoredModel, IEngine> _load;
    private ModelHost? _host;

    public ModelTurnTests()
    {
        foreach (var name in (string[])["a", "b", "c"])
        {
            FakeModel.Write(_folder.Path(name), name, $"weights of {name}");
        }

        _load = _ =>
        {
            Assert.True(_engines.Count(e => !e.IsDisposed) < _options.MaxLoaded, "more models are in memory than may be");
            var engine = new FakeEngine();
            _engines.Enqueue(engine);
            return engine;
        };
    }

    private ModelHost Host => _host ??= new ModelHost(new ModelStore(_folder.Root), _options, new ManualTime(), m => _load(m));

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Clients_with_different_models_are_all_served(int maxLoaded)
    {
        _options = _options with { MaxLoaded = maxLoaded };
        await Task.WhenAll(Enumerable.Range(0, 9).Select(client => Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                using var lease = await AcquireAsync("abc"[(client + (client % 2 * i)) % 3].ToString(), i % 7 == 0 ? TimeSpan.Zero : null);
                await Task.Delay(client % 3);
            }
        })));

        Assert.Equal(0, Host.Waiting);
        Assert.All(Host.Loaded, m => Assert.Equal(0, m.Leases));
    }

    [Fact]
    public async Task While_somebody_waits_for_room_who_comes_later_stands_behind()
    {
        var a1 = await AcquireAsync("a");
        var b = AcquireAsync("b");
        var a2 = AcquireAsync("a");
        var c = AcquireAsync("c");
        var a3 = AcquireAsync("a");
        Assert.Equal(4, Host.Waiting);

        a1.Dispose();
        var leaseB = await b;
        Assert.Equal((false, false, false), (a2.IsCompleted, c.IsCompleted, a3.IsCompleted));
        leaseB.Dispose();
        var (lease2, lease3) = (await a2, await a3);
        Assert.False(c.IsCompleted);
        var a4 = AcquireAsync("a");
        lease2.Dispose();
        lease3.Dispose();
        (await c).Dispose();
        (await a4).Dispose();

        Assert.Equal(5, _engines.Count);
    }

    [Fact]
    public async Task Where_one_of_several_is_done_its_place_is_taken()
    {
        _options = _options with { MaxLoaded = 2 };
        using var a = await AcquireAsync("a");
        var b = await AcquireAsync("b");
        var c = AcquireAsync("c");
        var a2 = AcquireAsync("a");
        Assert.Equal(2, Host.Waiting);

        b.Dispose();

        using var leaseC = await c;
        using var second = await a2;
        Assert.Equal(["a", "c"], Host.Loaded.Select(m => m.Model.Name).Order());
    }

    [Fact]
    public async Task Who_goes_away_leaves_the_line_at_once_and_those_behind_move_up()
    {
        using var a = await AcquireAsync("a");
        using var leaving = new CancellationTokenSource();
        var b = Host.AcquireAsync("b", null, leaving.Token);
        var a2 = AcquireAsync("a");
        Assert.False(a2.IsCompleted);

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => b);
        using var second = await a2;
        Assert.Equal((0, 1), (Host.Waiting, _engines.Count));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Host.AcquireAsync("b", null, leaving.Token));
        Assert.Equal(0, Host.Waiting);
    }

    [Fact]
    public async Task With_the_line_full_one_more_is_refused_with_the_settings_to_change()
    {
        _options = _options with { Scheduler = new SchedulerOptions { MaxActive = 1, MaxWaiting = 2 } };
        using var a = await AcquireAsync("a");
        var b = AcquireAsync("b");
        using (a.Scheduler.Reserve())
        {
            Assert.Contains("a is in use", (await Assert.ThrowsAsync<ModelBusyException>(() => AcquireAsync("c"))).Message);
        }

        var c = AcquireAsync("c");
        var error = await Assert.ThrowsAsync<ModelBusyException>(() => AcquireAsync("a"));

        Assert.Contains("inference.maxLoaded", error.Message);
        Assert.Contains("inference.maxWaiting", error.Message);
        a.Dispose();
        (await b).Dispose();
        (await c).Dispose();
    }

    [Fact]
    public async Task An_idle_model_makes_room_though_nobody_may_wait()
    {
        _options = _options with { Scheduler = new SchedulerOptions { MaxWaiting = 0 } };
        (await AcquireAsync("a", Timeout.InfiniteTimeSpan)).Dispose();

        var both = await Task.WhenAll(AcquireAsync("b"), AcquireAsync("b"));

        await Assert.ThrowsAsync<ModelBusyException>(() => AcquireAsync("a"));
        Array.ForEach(both, l => l.Dispose());
        using var again = await AcquireAsync("a");
    }

    [Fact]
    public async Task A_load_that_fails_after_all_left_makes_room()
    {
        using var go = new Gate();
        var load = _load;
        _load = m =>
        {
            if (m.Name == "a")
            {
                go.Pass();
                throw new ModelLoadException("no memory");
            }

            return load(m);
        };
        using var impatient = new CancellationTokenSource();
        var a = Host.AcquireAsync("a", null, impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => a);
        var b = AcquireAsync("b");
        Assert.Equal(1, Host.Waiting);

        go.Open();

        (await b).Dispose();
    }

    [Fact]
    public async Task A_host_that_closes_lets_nobody_wait()
    {
        using var a = await AcquireAsync("a");
        Task<ModelLease>[] waiting = [AcquireAsync("b"), AcquireAsync("a"), AcquireAsync("c")];

        await Host.DisposeAsync();

        foreach (var one in waiting)
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(() => one);
        }

        Assert.Equal((0, 1), (Host.Waiting, _engines.Count));
    }

    private Task<ModelLease> AcquireAsync(string name, TimeSpan? keepAlive = null) => Host.AcquireAsync(name, keepAlive, default);
}
