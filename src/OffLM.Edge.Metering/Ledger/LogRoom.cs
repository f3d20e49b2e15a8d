namespace OffLM.Edge.Metering;

/// <summary>
/// Room for the write-ahead log, written out before it is needed: syncing a file that grows also writes where it has grown to, which makes
/// one receipt twice as slow. Zeroes behind the log's last frame are no frames to SQLite, whose checksums they don't have.
/// </summary>
/// <param name="ledgerPath">The database; its log lies beside it.</param>
internal sealed class LogRoom(string ledgerPath)
{
    /// <summary>What <see cref="LedgerStorage.TidyLogPages"/> take, so that a log that is copied in idle moments never grows.</summary>
    internal const int SizeBytes = 5 << 20;

    /// <summary>Written in one go; a slow memory card takes 50 ms for it, in which a request may have to wait.</summary>
    private const int StepBytes = 512 << 10;

    private static readonly byte[] Zeroes = new byte[64 << 10];

    private readonly string _path = ledgerPath + "-wal";

    /// <summary>Adds to the log's room. For the thread that writes the database, between two commits.</summary>
    /// <returns>True if there is still more to add.</returns>
    public bool Extend()
    {
        try
        {
            using var file = new FileStream(_path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var missing = SizeBytes - file.Length;
            if (missing <= 0)
            {
                return false;
            }

            file.Position = file.Length;
            for (var written = 0; written < Math.Min(missing, StepBytes); written += Zeroes.Length)
            {
                file.Write(Zeroes);
            }

            file.Flush(flushToDisk: true);
            return missing > StepBytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No log yet, or no room on the disk: it grows as it is written, if it can.
            return false;
        }
    }
}
