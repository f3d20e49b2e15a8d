using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using OffLM.Edge.Metering;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Work.Requests;

/// <summary>
/// The answers that run now: checkpoints them together, twice a second, and closes them. A closing that the ledger can't take
/// is kept and tried again, so that its hold doesn't stay open until the next start.
/// </summary>
internal sealed partial class AnswerBook(Ledger ledger, TimeProvider time, ILogger<AnswerBook> logger) : IAsyncDisposable
{
    /// <summary>
    /// Half a second: what is stored lags delivery by one to two intervals, so at most one second of delivered tokens is unbilled
    /// after a crash. Costs one fsync an interval while anything streams.
    /// </summary>
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<IOpenAnswer, bool> _open = new();
    private readonly ConcurrentDictionary<Bytes32, Closing> _late = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>How many answers run.</summary>
    public int Count => _open.Count;

    /// <summary>How many of them are not the household's own.</summary>
    public int CountForOthers => _open.Keys.Count(answer => !answer.Caller.IsHousehold);

    public void Start() => _loop = RunAsync();

    public void Open(IOpenAnswer answer) => _open[answer] = true;

    /// <summary>Makes an answer's receipt durable.</summary>
    /// <param name="answer">Which ended.</param>
    /// <param name="closing">What its client has, or gets once this returns.</param>
    /// <param name="unsent">What its client has if this throws.</param>
    /// <exception cref="RefusedException">The ledger can't be written now; it is tried again in the background.</exception>
    public async Task<Receipt> CloseAsync(IOpenAnswer answer, Closing closing, Closing unsent)
    {
        try
        {
            return await ledger.AppendAsync(answer.Request, closing);
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerFullException)
        {
            _late[answer.Request] = unsent;
            LogLate(answer.Request, e.Message);
            throw new RefusedException(RefusalReason.LedgerUnavailable, e.Message, inner: e);
        }
        finally
        {
            // Only now: who waits for the last answer waits for its receipt.
            _open.TryRemove(answer, out _);
        }
    }

    /// <summary>Waits until no answer runs.</summary>
    /// <returns>False if the time ran out first.</returns>
    public async Task<bool> WaitUntilEmptyAsync(TimeSpan limit)
    {
        var since = time.GetTimestamp();
        while (!_open.IsEmpty)
        {
            if (time.GetElapsedTime(since) >= limit)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time);
        }

        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        await CloseLateAsync();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(CheckpointInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                await CheckpointAsync();
                await CloseLateAsync();
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task CheckpointAsync()
    {
        var checkpoints = new List<Checkpoint>();
        foreach (var (answer, _) in _open)
        {
            if (answer.Tick() is { } checkpoint)
            {
                checkpoints.Add(checkpoint);
            }
        }

        if (checkpoints.Count == 0)
        {
            return;
        }

        try
        {
            await ledger.CheckpointAsync(checkpoints);
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerFullException)
        {
            LogCheckpointFailed(checkpoints.Count, e.Message);
        }
    }

    private async Task CloseLateAsync()
    {
        foreach (var (request, closing) in _late)
        {
            try
            {
                var receipt = await ledger.AppendAsync(request, closing);
                _late.TryRemove(request, out _);
                LogClosedLate(receipt.Sequence, request);
            }
            catch (Exception e) when (e is LedgerUnavailableException or LedgerFullException)
            {
                return;
            }
        }
    }

    [LoggerMessage(LogLevel.Error, "The receipt of request {Request} could not be written and is kept in memory: {Reason}")]
    private partial void LogLate(Bytes32 request, string reason);

    [LoggerMessage(LogLevel.Error, "Checkpoints of {Count} answers could not be written: {Reason}")]
    private partial void LogCheckpointFailed(int count, string reason);

    [LoggerMessage(LogLevel.Information, "Receipt {Sequence} of request {Request} was written after all")]
    private partial void LogClosedLate(ulong sequence, Bytes32 request);
}
