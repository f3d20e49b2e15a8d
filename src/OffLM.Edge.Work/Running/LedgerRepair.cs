using OffLM.Edge.Metering;

namespace OffLM.Edge.Work.Running;

/// <summary>A whole check of the ledger that mends what can be mended.</summary>
/// <param name="Found">What was wrong before.</param>
/// <param name="Done">What was mended, one sentence each.</param>
/// <param name="After">What a second check says, if anything was mended; else the first one's report.</param>
public sealed record LedgerRepair(IReadOnlyList<LedgerFinding> Found, IReadOnlyList<string> Done, LedgerReport After)
{
    /// <summary>Checks, mends, and checks again; each check takes up to a minute for a million receipts.</summary>
    /// <param name="ledger">This process's own.</param>
    /// <param name="progress">Told how far each check is; null for nobody.</param>
    /// <param name="cancellation">Gives up between two pages.</param>
    /// <exception cref="LedgerUnavailableException">The ledger can't be read, or the disk failed.</exception>
    public static async Task<LedgerRepair> RunAsync(Ledger ledger, IProgress<LedgerCheckProgress>? progress, CancellationToken cancellation)
    {
        var report = await CheckAsync(ledger, progress, cancellation);
        var done = await MendAsync(ledger, report);
        return new LedgerRepair(report.Findings, done, done.Count == 0 ? report : await CheckAsync(ledger, progress, cancellation));
    }

    /// <summary>Mends what can be mended of what a check found.</summary>
    /// <returns>What was done, one sentence each.</returns>
    internal static async Task<IReadOnlyList<string>> MendAsync(Ledger ledger, LedgerReport report) =>
        report.Findings.Any(f => f.Remedy != Remedy.None) ? await ledger.RepairAsync(report.Findings) : [];

    /// <summary>A check computes for long: a thread of its own keeps it off the pool.</summary>
    private static Task<LedgerReport> CheckAsync(Ledger ledger, IProgress<LedgerCheckProgress>? progress, CancellationToken cancellation) => Task.Factory.StartNew(
        () => LedgerCheck.Full(ledger.Path, progress, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
