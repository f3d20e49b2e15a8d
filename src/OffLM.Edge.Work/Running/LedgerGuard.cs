using Microsoft.Extensions.Logging;
using OffLM.Edge.Metering;

namespace OffLM.Edge.Work.Running;

/// <summary>
/// Looks the ledger over before it is trusted: a quick look before anything is served, SQLite's own check before anybody pays,
/// everything at night. What can be mended is mended; what can't stops paid work, and status says why.
/// </summary>
public sealed partial class LedgerGuard(Ledger ledger, ILogger<LedgerGuard> logger) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private volatile string? _paidProblem = "The ledger is being checked; work that somebody pays for is taken in a moment.";
    private volatile string? _rolledBack;
    private Task _paidCheck = Task.CompletedTask;

    /// <summary>Why no paid work is taken; null while it is.</summary>
    public string? PaidProblem => ledger.Failure is { } failure ? $"The ledger can't be written: {failure.Message}" : _rolledBack ?? _paidProblem;

    /// <summary>True while paid work is stopped because the card knows of signatures that the ledger can't explain.</summary>
    public bool IsRolledBack => _rolledBack is not null;

    /// <summary>Stops paid work: the card knows of signatures that the ledger can't explain. Null takes it up again, after the owner accepted that.</summary>
    public void RolledBack(string? problem)
    {
        var before = _rolledBack;
        _rolledBack = problem;
        if (problem is not null && problem != before)
        {
            LogRolledBack(problem);
        }
    }

    /// <summary>The quick look, at start; afterwards the check for paid work goes on in the background.</summary>
    /// <exception cref="LedgerUnavailableException">The ledger can't be read at all.</exception>
    public async Task StartAsync()
    {
        await MendAsync(LedgerCheck.Quick(ledger.Path));
        using (var reader = ledger.Read())
        {
            RolledBack(reader.CounterGap() is { } gap ? LedgerRolledBackException.Describe(gap.Expected, gap.Found) : null);
        }

        _paidCheck = Task.Factory.StartNew(CheckForPaidWork, _stop.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>The whole check, which mends what can be mended; takes up to a minute for a million receipts.</summary>
    /// <exception cref="LedgerUnavailableException">The ledger can't be read at all.</exception>
    public async Task<LedgerRepair> CheckAllAsync(CancellationToken cancellation)
    {
        var repair = await LedgerRepair.RunAsync(ledger, null, cancellation);
        Log(repair.Found, repair.Done);
        return repair;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _paidCheck;
        }
        catch (OperationCanceledException)
        {
        }

        _stop.Dispose();
    }

    private async Task CheckForPaidWork()
    {
        try
        {
            var report = LedgerCheck.Paid(ledger.Path, _stop.Token);
            await MendAsync(report);
            _paidProblem = report.Findings.Any(f => f.Remedy == Remedy.None)
                ? "The ledger is damaged where it can't be mended: no paid work is taken. Run 'offlm-edge ledger check'."
                : null;
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerFullException)
        {
            _paidProblem = $"The ledger could not be checked: {e.Message}";
            LogCheckFailed(e.Message);
        }
    }

    private async Task MendAsync(LedgerReport report) => Log(report.Findings, await LedgerRepair.MendAsync(ledger, report));

    private void Log(IReadOnlyList<LedgerFinding> findings, IReadOnlyList<string> repairs)
    {
        foreach (var finding in findings)
        {
            LogFinding(finding);
        }

        foreach (var repair in repairs)
        {
            LogRepair(repair);
        }
    }

    [LoggerMessage(LogLevel.Error, "Ledger check: {Finding}")]
    private partial void LogFinding(LedgerFinding finding);

    [LoggerMessage(LogLevel.Warning, "Ledger repair: {Repair}")]
    private partial void LogRepair(string repair);

    [LoggerMessage(LogLevel.Critical, "{Problem}")]
    private partial void LogRolledBack(string problem);

    [LoggerMessage(LogLevel.Error, "The ledger could not be checked: {Reason}")]
    private partial void LogCheckFailed(string reason);
}
