using Microsoft.Extensions.Logging;
using OffLM.Edge.Metering;

namespace OffLM.Edge.Work.Running;

/// <summary>Once a day: reduces old receipts to their leaves, and checks the whole ledger.</summary>
public sealed partial class Housekeeping(Ledger ledger, LedgerGuard guard, TimeSpan retention, NodeClock clock, ILogger<Housekeeping> logger) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(24);

    /// <summary>The first round comes early, so that a box that is switched off every night has one.</summary>
    private static readonly TimeSpan FirstAfter = TimeSpan.FromHours(1);

    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public void Start() => _loop = RunAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    /// <summary>Collapses everything older than the retention, one batch a transaction.</summary>
    internal async Task<int> CollapseAsync(CancellationToken cancellation)
    {
        var (now, _) = clock.Now();
        var before = now - Math.Min(now, (ulong)retention.TotalMilliseconds);
        return await ledger.CollapseAsync(before, cancellation);
    }

    private async Task RunAsync()
    {
        try
        {
            for (var wait = FirstAfter; ; wait = Interval)
            {
                await Task.Delay(wait, clock.Time, _stop.Token);
                try
                {
                    LogCollapsed(await CollapseAsync(_stop.Token));
                    await guard.CheckAllAsync(_stop.Token);
                }
                catch (Exception e) when (e is LedgerUnavailableException or LedgerFullException)
                {
                    LogPutOff(e.Message);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    [LoggerMessage(LogLevel.Error, "The daily check of the ledger is put off: {Reason}")]
    private partial void LogPutOff(string reason);

    [LoggerMessage(LogLevel.Information, "{Count} old receipts were reduced to their leaves")]
    private partial void LogCollapsed(int count);
}
