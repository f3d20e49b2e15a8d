using Microsoft.Extensions.Logging;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Work.Running;

/// <summary>Signs a batch when it is full, a while after its first receipt, and at shutdown.</summary>
/// <param name="sealer">Makes the batches.</param>
/// <param name="key">Signs them.</param>
/// <param name="interval">A batch is signed this long after its first receipt.</param>
/// <param name="onSigned">Told after each batch; must be quick and must not throw.</param>
/// <param name="time">For the interval.</param>
/// <param name="logger">Says what was signed, and why not.</param>
public sealed partial class SealingLoop(
    BatchSealer sealer, NodeKey key, TimeSpan interval, Action onSigned, TimeProvider time, ILogger<SealingLoop> logger) : IAsyncDisposable
{
    /// <summary>How often a missing key is asked for again.</summary>
    private static readonly TimeSpan KeyRetry = TimeSpan.FromSeconds(10);

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
    public async Task<int> SealAsync(CancellationToken cancellation)
    {
        await _sealing.WaitAsync(cancellation);
        try
        {
            var unlocked = await key.UnlockAsync();
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
        catch (KeyUnavailableException e)
        {
            key.Failed(e.Message);
            throw;
        }
        finally
        {
            _sealing.Release();
        }
    }

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
            await TryUnlockAsync();
            while (true)
            {
                if (Interlocked.Read(ref _open) <= 0)
                {
                    await _wake.WaitAsync(_stop.Token);
                }

                await WaitForBatchAsync();
                while (!await TrySealAsync())
                {
                    await Task.Delay(KeyRetry, time, _stop.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Until the batch is full or its first receipt is old enough.</summary>
    private async Task WaitForBatchAsync()
    {
        var since = time.GetTimestamp();
        while (Interlocked.Read(ref _open) < ReceiptBatch.MaxReceipts && interval - time.GetElapsedTime(since) is { Ticks: > 0 } left)
        {
            using var timeout = new CancellationTokenSource(left, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stop.Token);
            try
            {
                await _wake.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Makes the first key, and tells early of one that is missing.</summary>
    private async Task TryUnlockAsync()
    {
        try
        {
            await key.UnlockAsync();
        }
        catch (Exception e) when (e is KeyUnavailableException or LedgerUnavailableException or LedgerFullException)
        {
            // Reported by the key; tried again with the first batch.
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
