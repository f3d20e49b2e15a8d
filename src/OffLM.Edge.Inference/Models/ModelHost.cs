namespace OffLM.Edge.Inference;

/// <summary>Loads models on demand and unloads them when nobody used them for a while.</summary>
public sealed partial class ModelHost : IAsyncDisposable
{
    private readonly ModelStore _store;
    private readonly ModelHostOptions _options;
    private readonly TimeProvider _clock;
    private readonly Func<StoredModel, IModelEngine> _load;
    private readonly Lock _gate = new();

    /// <summary>Those that are in memory or on their way in: at most as many as may be loaded.</summary>
    private readonly List<HostedModel> _hosted = [];

    /// <summary>Those on their way out. Whatever is loaded next waits for them.</summary>
    private readonly List<HostedModel> _leaving = [];
    private volatile bool _closed;

    /// <param name="store">Where the models are.</param>
    /// <param name="options">How many stay, and how long.</param>
    /// <param name="clock">For expiry and durations.</param>
    public ModelHost(ModelStore store, ModelHostOptions options, TimeProvider clock)
        : this(store, options, clock, model => EngineLoader.Load(model, options))
    {
    }

    internal ModelHost(ModelStore store, ModelHostOptions options, TimeProvider clock, Func<StoredModel, IModelEngine> load)
    {
        _store = store;
        _options = options;
        _clock = clock;
        _load = load;
    }

    /// <summary>What is in memory now.</summary>
    public IReadOnlyList<LoadedModel> Loaded
    {
        get
        {
            lock (_gate)
            {
                var now = _clock.GetUtcNow();
                return [.. _hosted.Where(h => h.Engine.IsCompletedSuccessfully).Select(h => new LoadedModel(
                    h.Model, h.Engine.Result.Engine.ContextLength, h.ExpiresAt(now), h.Leases,
                    h.Engine.Result.Loop.Statistics, h.Engine.Result.Engine.Description, h.Engine.Result.Adapters.Count))];
            }
        }
    }

    /// <summary>Gets a model for one request; verifies and loads it if need be. Requests that come meanwhile share the load. Waits while all that may be
    /// in memory are in use.</summary>
    /// <param name="name">Its name or id.</param>
    /// <param name="keepAlive">How long it stays after this use: null leaves that as it is (first the default), a negative time
    /// (<see cref="Timeout.InfiniteTimeSpan"/>) pins it, zero unloads it after use.</param>
    /// <param name="cancellationToken">Stops waiting. A load that began goes on: the model was wanted.</param>
    /// <param name="use">What for.</param>
    /// <exception cref="ModelNotFoundException">The store has no such model.</exception>
    /// <exception cref="WrongModelException">It can't do that; it is not loaded for it.</exception>
    /// <exception cref="ModelBusyException">All places in memory are in use, and as many requests as may wait do.</exception>
    /// <exception cref="ObjectDisposedException">It is closed, perhaps while this waited.</exception>
    /// <exception cref="ModelDamagedException">Its files are not what its manifest says.</exception>
    /// <exception cref="ModelLoadException">The engine can't load it. The next request tries again.</exception>
    public async Task<ModelLease> AcquireAsync(string name, TimeSpan? keepAlive, CancellationToken cancellationToken, ModelUse use = ModelUse.Any)
    {
        var model = _store.Find(name);
        WrongModelException.ThrowIfUnfit(model, use, _store);
        var adapter = model.Manifest.Adapter is null ? null : model;
        model = adapter is null ? model : BaseOf(adapter);
        var hosted = await HoldAsync(model, keepAlive, cancellationToken).ConfigureAwait(false);
        var begun = _clock.GetTimestamp();
        try
        {
            var wasLoaded = hosted.Engine.IsCompleted;
            var engine = await hosted.Engine.WaitAsync(cancellationToken).ConfigureAwait(false);
            var duration = wasLoaded ? TimeSpan.Zero : _clock.GetElapsedTime(begun);
            if (adapter is null)
            {
                return new ModelLease(model, engine, duration, () => Release(hosted));
            }

            await _store.VerifyAsync(adapter, force: false, cancellationToken).ConfigureAwait(false);
            var loaded = engine.Adapters.Acquire(adapter);
            return new ModelLease(model, engine, duration, () => Release(hosted, loaded)) { Adapter = adapter, Loaded = loaded };
        }
        catch
        {
            Release(hosted);
            throw;
        }
    }

    /// <summary>Unloads a model: now, or as soon as the requests that hold it are done. Does nothing if it isn't in memory.</summary>
    /// <param name="name">Its name or id; it need not be in the store any more.</param>
    public Task UnloadAsync(string name)
    {
        lock (_gate)
        {
            var hosted = _hosted.Find(h => h.Model.Id == name || ModelName.AreSame(h.Model.Name, name));
            if (hosted is null)
            {
                return _leaving.Find(h => h.Model.Id == name || ModelName.AreSame(h.Model.Name, name))?.Unloading ?? Task.CompletedTask;
            }

            hosted.KeepAlive = TimeSpan.Zero;
            if (!hosted.IsIdle)
            {
                return Task.CompletedTask;
            }

            var unloading = Unload(hosted);
            LetIn();
            return unloading;
        }
    }

    /// <summary>Gives no more models out: who waits for one is told so at once. What is given out stays in memory.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            RefuseWaiting();
        }
    }

    /// <summary>Unloads everything; running generations end with <see cref="FinishReason.Interrupted"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        List<Task> leaving;
        Close();
        lock (_gate)
        {
            foreach (var hosted in _hosted.ToArray())
            {
                Unload(hosted);
            }

            leaving = _leaving.ConvertAll(h => h.Unloading!);
        }

        await Task.WhenAll(leaving).ConfigureAwait(false);
    }

    /// <summary>Takes a hold on the model's place in memory; null if all places are in use.</summary>
    private HostedModel? TryHold(StoredModel model, TimeSpan? keepAlive)
    {
        _hosted.RemoveAll(h => h.IsFailed); // this request tries again
        var hosted = _hosted.Find(h => h.Model.Id == model.Id);
        if (hosted is null)
        {
            if (_hosted.Count >= _options.MaxLoaded)
            {
                // The idle model that leaves: pinned ones last, then the least recently used.
                if (_hosted.Where(h => h.IsIdle).OrderBy(h => h.IsPinned).ThenBy(h => h.LastUsed).FirstOrDefault() is not { } idle)
                {
                    return null;
                }

                Unload(idle);
            }

            hosted = new HostedModel(model, LoadAsync(model, _leaving.ConvertAll(h => h.Unloading!)), _options.KeepAlive);
            _hosted.Add(hosted);
            _ = SettleAsync(hosted);
        }

        Hold(hosted, keepAlive);
        return hosted;
    }

    private static void Hold(HostedModel hosted, TimeSpan? keepAlive)
    {
        hosted.Leases++;
        hosted.KeepAlive = keepAlive ?? hosted.KeepAlive;
        hosted.Expiry?.Dispose();
        hosted.Expiry = null;
    }

    /// <summary>Once a model is in memory it can make room for others, if nobody waited for it to the end; one that failed leaves no trace.</summary>
    private async Task SettleAsync(HostedModel hosted)
    {
        await Task.Yield(); // the caller holds the lock
        await ((Task)hosted.Engine).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            if (hosted.Leases == 0 && hosted.Engine.IsFaulted)
            {
                hosted.Expiry?.Dispose();
                _hosted.Remove(hosted);
            }

            LetIn();
        }
    }

    private async Task<LoadedEngine> LoadAsync(StoredModel model, List<Task> leaving)
    {
        await Task.Yield(); // the caller holds the lock
        await Task.WhenAll(leaving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ObjectDisposedException.ThrowIf(_closed, this);
        try
        {
            await _store.VerifyAsync(model, force: false, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelLoadException($"The model {model.Name} can't be loaded: its files can't be read.", e.Message, e);
        }

        // Loading blocks for seconds inside the engine's library: a thread of its own keeps it off the pool.
        return await Task.Factory.StartNew(
            () =>
            {
                try
                {
                    var engine = _load(model);
                    _options.Loaded?.Invoke(model, engine.Description);
                    return LoadedEngine.Of(engine, _options, _clock);
                }
                catch (ModelLoadException e)
                {
                    throw new ModelLoadException($"The model {model.Name} can't be loaded: {e.Message}", e.Place, e);
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
    }

    /// <exception cref="ModelLoadException">It is not here, or is an adapter too.</exception>
    private StoredModel BaseOf(StoredModel adapter)
    {
        var wanted = adapter.Manifest.Adapter!.Base;
        try
        {
            return _store.Find(wanted) is { Manifest.Adapter: null } found
                ? found
                : throw new ModelLoadException($"The adapter {adapter.Name} can't be loaded: its base {wanted} is an adapter itself.");
        }
        catch (ModelNotFoundException e)
        {
            throw new ModelLoadException($"The adapter {adapter.Name} can't be loaded: its base model {wanted} is not here. Pull that first.", null, e);
        }
    }

    private void Release(HostedModel hosted, LoraAdapter adapter)
    {
        adapter.LetGo();
        Release(hosted);
    }

    private void Release(HostedModel hosted)
    {
        lock (_gate)
        {
            hosted.Leases--;
            hosted.LastUsed = _clock.GetUtcNow();
            if (hosted.Engine.IsFaulted)
            {
                _hosted.Remove(hosted);
            }
            else if (hosted.Leases == 0 && hosted.Unloading is null && !hosted.IsPinned)
            {
                ScheduleExpiry(hosted);
            }

            LetIn();
        }
    }

    private void ScheduleExpiry(HostedModel hosted)
    {
        if (hosted.KeepAlive == TimeSpan.Zero && hosted.IsIdle)
        {
            Unload(hosted);
            return;
        }

        // Not longer than a timer can wait; it is set again when it fires early.
        var wait = hosted.ExpiresAt(_clock.GetUtcNow()) - _clock.GetUtcNow();
        wait = TimeSpan.FromMilliseconds(Math.Clamp(wait.TotalMilliseconds, 50, TimeSpan.FromDays(1).TotalMilliseconds));
        hosted.Expiry?.Dispose();
        hosted.Expiry = _clock.CreateTimer(_ => Expire(hosted), null, wait, Timeout.InfiniteTimeSpan);
    }

    private void Expire(HostedModel hosted)
    {
        lock (_gate)
        {
            if (hosted.Leases > 0 || hosted.Unloading is not null || hosted.IsPinned || hosted.IsFailed)
            {
                return;
            }

            if (hosted.IsIdle && hosted.ExpiresAt(_clock.GetUtcNow()) <= _clock.GetUtcNow())
            {
                Unload(hosted);
            }
            else
            {
                ScheduleExpiry(hosted); // still loading though nobody waits any more, or the timer was early
            }
        }
    }

    private Task Unload(HostedModel hosted)
    {
        hosted.Expiry?.Dispose();
        _hosted.Remove(hosted);
        _leaving.Add(hosted);
        return hosted.Unloading = UnloadAsync(hosted);
    }

    private async Task UnloadAsync(HostedModel hosted)
    {
        await Task.Yield(); // the caller holds the lock
        try
        {
            await ((Task)hosted.Engine).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (hosted.Engine.IsCompletedSuccessfully)
            {
                await hosted.Engine.Result.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            lock (_gate)
            {
                _leaving.Remove(hosted);
            }
        }
    }
}
