using Microsoft.Extensions.Logging;
using OffLM.Edge.Board;
using OffLM.Edge.Inference;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Work.Callers;
using OffLM.Edge.Work.Requests;
using OffLM.Edge.Work.Running;

namespace OffLM.Edge.Work;

/// <summary>A node without its doors: takes requests, keeps their accounts, signs their receipts. HTTP and the network are others' rooms.</summary>
public sealed partial class Node : IAsyncDisposable
{
    private readonly NodeOptions _options;
    private readonly ILogger<Node> _logger;
    private readonly NodeClock _clock;
    private readonly TariffBook _tariffs = new();
    private readonly RateLimiter _limits;
    private readonly AnswerBook _book;
    private readonly RecentAnswers _recent;
    private readonly StorageGuard _storage;
    private readonly LedgerGuard _guard;
    private readonly Admission _admission;
    private readonly BoardRuntime? _board;
    private readonly Housekeeping _housekeeping;
    private readonly ILoggerFactory _loggers;
    private readonly long _startedAt;

    /// <summary>What was logged of execution providers: each load meets the same.</summary>
    private readonly HashSet<string> _providersTold = [];
    private SealingLoop? _sealing;
    private string _state = "starting";
    private Task? _drained;
    private bool _disposed;

    private Node(NodeOptions options, Ledger ledger, ApiKeyStore keys, TimeProvider time, ILoggerFactory loggers)
    {
        _options = options;
        _loggers = loggers;
        _logger = loggers.CreateLogger<Node>();
        _clock = new NodeClock(time);
        _startedAt = _clock.Monotonic;
        Ledger = ledger;
        Keys = keys;
        Store = new ModelStore(options.ModelsDirectory);
        Store.RemoveForgottenPulls();
        var load = new DecodeLoad(time);
        _board = options.Board is { } board ? BoardRuntime.Open(board, options.StateDirectory, load.Share, time) : null;
        Models = new ModelHost(Store, Paced(options.ModelsOn(_board?.Board), _board) with { Loaded = OnLoaded }, time);
        load.Watch(Models);
        Key = new NodeKey(options.Key, ledger, options.Cards, options.CardPin, loggers.CreateLogger<NodeKey>());
        _limits = new RateLimiter(time);
        _book = new AnswerBook(ledger, time, loggers.CreateLogger<AnswerBook>());
        _recent = new RecentAnswers(time);
        _storage = new StorageGuard(options.StateDirectory, options.MinimumFreeBytes, time);
        _guard = new LedgerGuard(ledger, loggers.CreateLogger<LedgerGuard>());
        _housekeeping = new Housekeeping(ledger, _guard, options.Retention, _clock, loggers.CreateLogger<Housekeeping>());
        _admission = new Admission(Models, ledger, _book, _limits, _tariffs, _storage, _guard, _clock, _recent, _board, loggers.CreateLogger<Admission>(), OnCompleted);
    }

    /// <summary>Raised after a receipt became durable, with how the answer went. Handlers must be quick and must not throw.</summary>
    public event Action<CompletedAnswer>? Completed;

    /// <summary>Raised when a request was not taken. Handlers must be quick and must not throw.</summary>
    public event Action<Caller>? Refused;

    /// <summary>Raised after a batch was signed, and after refused ones were opened again. Handlers must be quick and must not throw.</summary>
    public event Action? OutboxChanged;

    public Ledger Ledger { get; }

    public ApiKeyStore Keys { get; }

    public ModelStore Store { get; }

    public ModelHost Models { get; }

    public NodeKey Key { get; }

    public NodeOptions Options => _options;

    public NodeClock Clock => _clock;

    /// <summary>How often the node has started, this start included; 0 before <see cref="StartAsync"/>.</summary>
    public uint Boot => _admission.Boot;

    /// <summary>True while requests are taken.</summary>
    public bool IsServing => Volatile.Read(ref _state) == "serving";

    /// <summary>Opens ledger and keys; requests are refused until <see cref="StartAsync"/>.</summary>
    /// <exception cref="LedgerUnavailableException">The ledger can't be opened.</exception>
    /// <exception cref="LedgerVersionException">Written by a newer version.</exception>
    /// <exception cref="InvalidDataException">The key store can't be read.</exception>
    /// <exception cref="Board.Boards.BoardException">There is no board of the name that was given, or its file can't be used.</exception>
    public static Node Open(NodeOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        Directory.CreateDirectory(options.ModelsDirectory);
        var ledger = Ledger.Open(options.LedgerPath, time);
        try
        {
            return new Node(options, ledger, ApiKeyStore.Open(options.AccessPath, time), time, loggers);
        }
        catch
        {
            ledger.Dispose();
            throw;
        }
    }

    /// <summary>Closes what a crash left, and takes requests.</summary>
    /// <exception cref="ArgumentException">The tariff is out of range.</exception>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    public async Task StartAsync()
    {
        _board?.Start();
        var boot = await Ledger.BeginBootAsync();
        var interrupted = await Ledger.RecoverAsync();
        if (interrupted.Count > 0)
        {
            LogRecovered(interrupted.Count, interrupted[0].Sequence);
        }

        await _guard.StartAsync();
        await _tariffs.LoadAsync(Ledger, _options.Tariff, _options.Schedule);
        var sealer = new BatchSealer(Ledger, _options.Domain, boot, _clock.Now);
        _sealing = new SealingLoop(sealer, Key, _guard, _options.BatchInterval, OnSigned, _clock.Time, _loggers.CreateLogger<SealingLoop>());
        using (var reader = Ledger.Read())
        {
            _sealing.Start(reader.Summary().Open);
        }

        _book.Start();
        _housekeeping.Start();
        _admission.Boot = boot;
        _admission.Open();
        Volatile.Write(ref _state, "serving");
    }

    /// <summary>Takes a request for an answer.</summary>
    /// <exception cref="RefusedException">It is not taken; says why. Nothing was charged.</exception>
    public async Task<IAnswer> AskAsync(Caller caller, WorkRequest request, CancellationToken cancellation)
    {
        try
        {
            return await _admission.AdmitAsync(caller, request, cancellation);
        }
        catch (RefusedException)
        {
            Refused?.Invoke(caller);
            throw;
        }
    }

    /// <summary>Makes embeddings. Cancelling closes the request's receipt.</summary>
    /// <exception cref="RefusedException">The request is not taken, with nothing charged; or its receipt could not be written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled before it was taken.</exception>
    public async Task<EmbeddingAnswer> EmbedAsync(Caller caller, EmbeddingRequest request, CancellationToken cancellation)
    {
        try
        {
            return await _admission.EmbedAsync(caller, request, cancellation);
        }
        catch (RefusedException)
        {
            Refused?.Invoke(caller);
            throw;
        }
    }

    /// <summary>Loads a model without asking it anything; a keep-alive of zero unloads it.</summary>
    /// <exception cref="RefusedException">There is no such model, or it can't be loaded.</exception>
    public Task<(StoredModel Model, TimeSpan LoadDuration)> LoadAsync(Caller caller, string model, TimeSpan? keepAlive, CancellationToken cancellation) =>
        _admission.LoadAsync(caller, model, keepAlive, cancellation);

    /// <summary>Signs all open receipts now.</summary>
    /// <exception cref="KeyUnavailableException">The key can't sign now.</exception>
    public Task<int> SealAsync(CancellationToken cancellation) => _sealing?.SealAsync(cancellation) ?? Task.FromResult(0);

    /// <summary>Checks the whole ledger and mends what can be mended, as every night.</summary>
    /// <exception cref="LedgerUnavailableException">The ledger can't be read, or the disk failed.</exception>
    public Task<LedgerRepair> RepairLedgerAsync(CancellationToken cancellation) => _guard.CheckAllAsync(cancellation);

    /// <summary>Opens refused batches again, for an operator who has mended what they were refused for: they are sent anew.</summary>
    /// <param name="batch">Only this one; null for all.</param>
    /// <returns>How many there were.</returns>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    /// <exception cref="LedgerFullException">The disk is full.</exception>
    public async Task<int> ResendAsync(ulong? batch)
    {
        var reopened = await Ledger.ReopenRefusedAsync(batch, _clock.Now().UnixMilliseconds);
        OutboxChanged?.Invoke();
        return reopened;
    }

    /// <summary>Signs random bytes, to see that the key can; the ledger knows of it.</summary>
    /// <exception cref="KeyUnavailableException">The key can't sign now.</exception>
    /// <exception cref="LedgerRolledBackException">The card knows of signatures that the ledger can't explain.</exception>
    /// <returns>The card's signature counter afterwards; 0 for a key file.</returns>
    public Task<uint> TestKeyAsync(CancellationToken cancellation) =>
        _sealing?.TestKeyAsync(cancellation) ?? throw new KeyUnavailableException("The node is starting up; its key is not used yet.");

    /// <summary>
    /// Goes on after the state directory was restored from an old copy: behind the network's batches, where evidence proves them, and from where
    /// the card's counter is, where nothing explains it.
    /// </summary>
    /// <param name="reason">The owner's words, for a card's counter; nothing of that is accepted without.</param>
    /// <returns>How it goes on; null if there is nothing to accept.</returns>
    /// <exception cref="FormatException">The evidence or a batch is damaged.</exception>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    public async Task<AcceptedRollback?> AcceptRollbackAsync(string? reason = null)
    {
        var accepted = await (_sealing?.PausedAsync(AcceptAsync) ?? AcceptAsync());
        if (accepted?.Gap is not null)
        {
            _guard.RolledBack(null);
            _sealing?.Appended();
        }

        OutboxChanged?.Invoke();
        return accepted;

        async Task<AcceptedRollback?> AcceptAsync()
        {
            var now = _clock.Now().UnixMilliseconds;
            var behindNetwork = await Ledger.AcceptRollbackAsync(now);
            var fromCard = string.IsNullOrWhiteSpace(reason) ? null : await Ledger.AcceptGapAsync(reason, now);
            return behindNetwork is null ? fromCard : behindNetwork with { Gap = fromCard?.Gap };
        }
    }

    /// <summary>Takes no more requests, lets running answers end, within the grace, and signs what is open. The ledger can still be used.</summary>
    public Task DrainAsync() => _drained ??= RunDrainAsync();

    /// <summary>Drains, if that was not done before, and closes everything.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await DrainAsync();
        _board?.Dispose();
        Key.Dispose();
        Keys.Dispose();
        Ledger.Dispose();
    }

    private async Task RunDrainAsync()
    {
        Volatile.Write(ref _state, "draining");
        _admission.Close("The node is shutting down.");
        Models.Close();
        if (!await _book.WaitUntilEmptyAsync(_options.ShutdownGrace))
        {
            LogInterrupting(_book.Count);
        }

        await Models.DisposeAsync();
        await _book.WaitUntilEmptyAsync(TimeSpan.FromSeconds(5));
        await _book.DisposeAsync();
        await _housekeeping.DisposeAsync();
        await _guard.DisposeAsync();
        if (_sealing is { } sealing)
        {
            await sealing.FinishAsync();
            await sealing.DisposeAsync();
        }
    }

    /// <summary>The decode loops obey the board's governor.</summary>
    private static ModelHostOptions Paced(ModelHostOptions models, BoardRuntime? board) =>
        board is null ? models : models with { Scheduler = models.Scheduler with { Pace = () => board.Pace } };

    private void OnLoaded(StoredModel model, EngineDescription engine)
    {
        LogLoaded(model.Name, engine.Name, engine.Provider);
        if (engine.Fallback is { } reason)
        {
            LogFallback(model.Name, reason);
        }

        foreach (var failure in engine.Failed)
        {
            bool isNew;
            lock (_providersTold)
            {
                isNew = _providersTold.Add($"{failure.Provider}: {failure.Reason}");
            }

            if (isNew)
            {
                LogProvider(failure.Provider, engine.Provider, failure.Reason);
            }
        }

        if (engine.Placement is { OnCpu: > 0 } placement)
        {
            LogPlacement(model.Name, $"{placement.OnCpu} of {placement.Nodes}");
        }
    }

    private void OnSigned() => OutboxChanged?.Invoke();

    private void OnCompleted(IOpenAnswer answer, CompletedAnswer completed)
    {
        _sealing?.Appended();
        if (answer.Caller.Key is { } payer)
        {
            _limits.SpendTokens(payer, (long)completed.Receipt.PromptTokens + completed.Receipt.CompletionTokens);
        }

        if (completed.Receipt.Outcome is Outcome.Stop or Outcome.Length or Outcome.LimitReached && answer.Retry is var (key, digest, text))
        {
            _recent.Add(key, digest, answer.Model, text, completed);
        }

        Completed?.Invoke(completed);
    }

    [LoggerMessage(LogLevel.Warning, "The last run ended without closing {Count} answers; they have receipts from {First} on, for what had been delivered")]
    private partial void LogRecovered(int count, ulong first);

    [LoggerMessage(LogLevel.Information, "The model {Model} is loaded, computed by {Engine} on {Provider}")]
    private partial void LogLoaded(string model, string engine, string provider);

    [LoggerMessage(LogLevel.Warning, "The model {Model} is {Reason}")]
    private partial void LogFallback(string model, string reason);

    [LoggerMessage(LogLevel.Information, "{Provider} can't be used, {Other} computes instead: {Reason}")]
    private partial void LogProvider(string provider, string other, string reason);

    [LoggerMessage(LogLevel.Information, "The model {Model} has {Nodes} nodes on the CPU")]
    private partial void LogPlacement(string model, string nodes);

    [LoggerMessage(LogLevel.Warning, "{Count} answers still run; they are interrupted")]
    private partial void LogInterrupting(int count);
}
