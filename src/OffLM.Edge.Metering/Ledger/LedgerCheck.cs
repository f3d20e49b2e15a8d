using OffLM.Edge.Metering.Interop.Sqlite;

namespace OffLM.Edge.Metering;

/// <summary>
/// Three depths of looking for damage: on start before free work, before paid work, and at night or on demand. Reads in
/// pages on a connection of its own, also while the node writes.
/// </summary>
public static class LedgerCheck
{
    /// <summary>
    /// What must hold before free work is served: the chain of batches since the last settled one with the newest signatures, the newest
    /// open receipts, and all holds. Takes as long for a million receipts as for ten thousand.
    /// </summary>
    /// <param name="path">The ledger.</param>
    /// <param name="cancellation">Gives up between two pages.</param>
    /// <exception cref="LedgerUnavailableException">It can't be read at all.</exception>
    /// <exception cref="LedgerVersionException">Written by a newer version.</exception>
    public static LedgerReport Quick(string path, CancellationToken cancellation = default) => Run(path, cancellation, check =>
    {
        check.Holds();
        new ChainCheck(check).SinceLastSettled();
    });

    /// <summary>What must hold before paid work is served: <see cref="Quick"/>, and SQLite's quick check of the file.</summary>
    /// <inheritdoc cref="Quick"/>
    public static LedgerReport Paid(string path, CancellationToken cancellation = default) => Run(path, cancellation, check =>
    {
        check.Structure("PRAGMA quick_check(20)");
        check.Holds();
        new ChainCheck(check).SinceLastSettled();
    });

    /// <summary>
    /// Everything: SQLite's integrity check, every row's checksum, leaf, fee and salts, every root and signature, the chain, and what each
    /// caller has spent. Under a minute for a million receipts.
    /// </summary>
    /// <param name="path">The ledger.</param>
    /// <param name="progress">Told after each batch.</param>
    /// <param name="cancellation">Gives up between two pages, and inside SQLite's check.</param>
    /// <exception cref="LedgerUnavailableException">It can't be read at all.</exception>
    /// <exception cref="LedgerVersionException">Written by a newer version.</exception>
    public static LedgerReport Full(
        string path, IProgress<LedgerCheckProgress>? progress = null, CancellationToken cancellation = default) => Run(path, cancellation, check =>
    {
        check.Structure("PRAGMA integrity_check(20)");
        check.Holds();
        check.Tariffs();
        check.Intents();
        check.Counters();
        var credit = new CreditCheck(check);
        new ChainCheck(check).Everything(new ReceiptCheck(check, credit, progress));
        credit.Compare();
    });

    private static LedgerReport Run(string path, CancellationToken cancellation, Action<CheckContext> run)
    {
        using var connection = LedgerReader.Connect(path);
        using var interruption = cancellation.Register(connection.Interrupt);
        var context = new CheckContext(connection, cancellation);
        try
        {
            run(context);
        }
        catch (SqliteException e) when (e.IsInterrupted)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (SqliteException e) when (e.IsStorageFailure)
        {
            context.Add(LedgerPart.File, 0, "", e.Message, "copy the state directory to a good disk, then restore the file from a copy");
        }

        return context.Report();
    }
}
