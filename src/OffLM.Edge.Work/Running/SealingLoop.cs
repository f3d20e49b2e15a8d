using Microsoft.Extensions.Logging;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Work.Running;

/// <summary>Signs a batch when it is full, a while after its first receipt, and at shutdown.</summary>
/// <param name="sealer">Makes the batches.</param>
/// <param name="key">Signs them.</param>
/// <param name="guard">Told when a card knows of signatures that the ledger can't explain.</param>
/// <param name="interval">A batch is signed this long after its first receipt.</param>
/// <param name="onSigned">Told after each batch; must be quick and must not throw.</param>
/// <param name="time">For the interval.</param>
/// <param name="logger">Says what was signed, and why not.</param>
public sealed partial class SealingLoop(
    BatchSealer sealer, NodeKey key, LedgerGuard guard, TimeSpan interval, Action onSigned, TimeProvider time, ILogger<SealingLoop> logger) : IAsyncDisposable
{
    /// <summary>How often a missing key file is looked for again: somebody must put it back.</summary>
    private static readonly TimeSpan FileRetry = TimeSpan.FromSeconds(10);

    /// <summary>How often a missing card is looked for again. Listing the USB devices takes milliseconds, and who plugs a card in looks on.</summary>
    private static readonly TimeSpan CardRetry = TimeSpan.FromSeconds(1);

    /// <summary>How often a card is looked at while there is nothing to sign: who unplugs it should see that in the status, and one exchange costs little.</summary>
    private static readonly TimeSpan CardLook = TimeSpan.FromSeconds(5);

    /// <summary>How long signing may take at the end; a card needs about a second a batch.</summary>
    private static readonly TimeSpan FinishLimit = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly SemaphoreSlim _sealing = new(1);
    private long _open;
    private Task _loop = Task.CompletedTask;

    /// <param name="open">Receipts that were left open.</param>
    public void Start(ulong open)
    {
        Interlocked.Add(ref _open, (long)open);

        // On a thread of its own: unlocking a key file computes for a tenth of a second before it first waits, and the start goes on meanwhile.
        _loop = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>Says that a receipt was appended.</summary>
    public void Appended()
    {
        var open = Interlocked.Increment(ref _open);
        if (open is 1 or ReceiptBatch.MaxReceipts)
        {
            _wake.Release();
        }
    }

    /// <summary>Signs all that is open.</summary>
    /// <returns>How many batches were signed.</returns>
    /// <exception cref="KeyUnavailableException">The key can't sign now.</exception>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    /// <exception cref="LedgerRolledBackException">The network has batches that the ledger lacks.</exception>
    public Task<int> SealAsync(CancellationToken cancellation) => UseKeyAsync(unlocked => SealAsync(unlocked, cancellation), cancellation);

    /// <summary>Signs random bytes, to see that the key can.</summary>
    /// <exception cref="KeyUnavailableException">The key can't sign now.</exception>
    /// <exception cref="LedgerRolledBackException">The card knows of signatures that the ledger can't explain.</exception>
    /// <returns>The card's signature counter afterwards; 0 for a key file.</returns>
    public Task<uint> TestKeyAsync(CancellationToken cancellation) => UseKeyAsync(unlocked => sealer.TestAsync(unlocked, cancellation), cancellation);

    /// <summary>Does something while nothing is being signed.</summary>
    public async Task<T> PausedAsync<T>(Func<Task<T>> action)
    {
        await _sealing.WaitAsync();
        try
        {
            return await action();
        }
        finally
        {
            _sealing.Release();
        }
    }

    /// <summary>Signs what is open before the end, if the key can.</summary>
    public async Task FinishAsync()
    {
        using var deadline = new CancellationTokenSource(FinishLimit, time);
        try
        {
            await SealAsync(deadline.Token);
        }
        catch (Exception e) when (e is KeyUnavailableException or LedgerUnavailableException or LedgerFullException or LedgerRolledBackException or OperationCanceledException)
        {
            LogLeftOpen(Interlocked.Read(ref _open), e.Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
        _wake.Dispose();
        _sealing.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await TryLookAsync();
            while (true)
            {
                await WaitForReceiptAsync();
                await WaitForBatchAsync();
                while (!await TrySealAsync())
                {
                    await Task.Delay(Retry, time, _stop.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private TimeSpan Retry => key.Uri.Class == KeyClass.SmartCard ? CardRetry : FileRetry;

    /// <summary>When the key is looked at next: a missing one is looked for, and a card is looked at. Null for never.</summary>
    private TimeSpan? NextLook => key.Problem is not null ? Retry : key.Uri.Class == KeyClass.SmartCard ? CardLook : null;

    /// <summary>Until there is something to sign.</summary>
    private async Task WaitForReceiptAsync()
    {
        while (Interlocked.Read(ref _open) <= 0)
        {
            if (!await WakesWithinAsync(NextLook ?? Timeout.InfiniteTimeSpan))
            {
                await TryLookAsync();
            }
        }
    }

    /// <summary>Until the batch is full or its first receipt is old enough.</summary>
    private async Task WaitForBatchAsync()
    {
        var since = time.GetTimestamp();
        while (Interlocked.Read(ref _open) < ReceiptBatch.MaxReceipts && interval - time.GetElapsedTime(since) is { Ticks: > 0 } left)
        {
            var look = NextLook is { } next && next < left ? next : (TimeSpan?)null;
            if (!await WakesWithinAsync(look ?? left) && look is not null)
            {
                await TryLookAsync();
            }
        }
    }

    /// <summary>True if something came, false if the time ran out.</summary>
    private async Task<bool> WakesWithinAsync(TimeSpan patience)
    {
        using var timeout = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stop.Token);
        try
        {
            await _wake.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Makes the first key, tells early of one that is missing, and looks where a card's counter is.</summary>
    private async Task TryLookAsync()
    {
        try
        {
            await UseKeyAsync(unlocked => sealer.ObserveAsync(unlocked, _stop.Token), _stop.Token);
        }
        catch (Exception e) when (e is KeyUnavailableException or LedgerUnavailableException or LedgerFullException or LedgerRolledBackException)
        {
            // Reported by the key and the guard; tried again.
        }
    }

    private async Task<int> SealAsync(ISigningKey unlocked, CancellationToken cancellation)
    {
        var batches = 0;
        while (true)
        {
            var open = Interlocked.Read(ref _open);
            if (await sealer.SealNextAsync(unlocked, cancellation) is not { } batch)
            {
                // What was counted and is not there was passed over by a rollback.
                Interlocked.Add(ref _open, -open);
                return batches;
            }

            Interlocked.Add(ref _open, -batch.Batch.Count);
            LogSigned(batch.Batch.Batch, batch.Batch.Count, batch.Batch.FirstSequence);
            batches++;
            onSigned();
        }
    }

    /// <summary>Does something with the unlocked key while nobody else does, and reports what it finds wrong with it.</summary>
    private async Task<T> UseKeyAsync<T>(Func<ISigningKey, Task<T>> use, CancellationToken cancellation)
    {
        await _sealing.WaitAsync(cancellation);
        try
        {
            return await use(await key.UnlockAsync());
        }
        catch (KeyUnavailableException e)
        {
            // Whoever it failed for: from now on it is looked for in short pauses.
            key.Failed(e.Message);
            _wake.Release();
            throw;
        }
        catch (LedgerRolledBackException e) when (e.ByCard)
        {
            guard.RolledBack(e.Message);
            throw;
        }
        finally
        {
            _sealing.Release();
        }
    }

    private async Task<bool> TrySealAsync()
    {
        try
        {
            await SealAsync(_stop.Token);
            return true;
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerFullException)
        {
            LogFailed(e.Message);
            return false;
        }
        catch (Exception e) when (e is KeyUnavailableException or LedgerRolledBackException)
        {
            // The node's status says so until it is over.
            return false;
        }
    }

    [LoggerMessage(LogLevel.Information, "Signed batch {Batch}: {Count} receipts from {First}")]
    private partial void LogSigned(ulong batch, uint count, ulong first);

    [LoggerMessage(LogLevel.Warning, "{Count} receipts stay open until the next start: {Reason}")]
    private partial void LogLeftOpen(long count, string reason);

    [LoggerMessage(LogLevel.Error, "A batch could not be signed: {Reason}")]
    private partial void LogFailed(string reason);
}
