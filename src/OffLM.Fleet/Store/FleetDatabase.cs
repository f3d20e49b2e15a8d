using OffLM.Edge.Metering.Interop.Sqlite;

namespace OffLM.Fleet.Store;

/// <summary>
/// A connection to <c>fleet.db</c>, for one thread. Several processes may write: each transaction that writes takes the lock at its
/// beginning and waits for it, so that what it reads is what it decides on.
/// </summary>
internal sealed class FleetDatabase : IDisposable
{
    /// <summary>What the log is cut back to after a long reader let it grow.</summary>
    private const int LogSizeLimitBytes = 16 << 20;

    /// <summary>Requests seen are looked up at random.</summary>
    private const int CacheKibibytes = 64 << 10;

    private FleetDatabase(SqliteConnection connection, string path) => (Connection, Path) = (connection, path);

    public SqliteConnection Connection { get; }

    public string Path { get; }

    /// <summary>Opens the database for writing; makes it if it is not there.</summary>
    /// <exception cref="SqliteException">It can't be opened.</exception>
    /// <exception cref="InvalidDataException">It is newer than this program, another program's, or on a file system that can't hold it.</exception>
    public static FleetDatabase Open(string path)
    {
        var connection = SqliteConnection.Open(path);
        try
        {
            if (connection.UseWriteAheadLog() is var mode and not "wal")
            {
                throw new InvalidDataException($"The file system of {path} can't hold a write-ahead log (journal mode {mode}). Put the database on a local disk.");
            }

            connection.Execute($"PRAGMA synchronous = FULL; PRAGMA journal_size_limit = {LogSizeLimitBytes}; PRAGMA cache_size = -{CacheKibibytes}");
            FleetSchema.Migrate(connection, path);
            return new(connection, path);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Opens an existing database for reading, also while collectors write it.</summary>
    /// <exception cref="SqliteException">It can't be read.</exception>
    /// <exception cref="InvalidDataException">It is not there, of another version, or another program's.</exception>
    public static FleetDatabase OpenReadOnly(string path)
    {
        if (!File.Exists(path))
        {
            throw new InvalidDataException($"There is no database at {path}. 'offlm-fleet collect' makes one; --db says where to look.");
        }

        var connection = SqliteConnection.OpenReadOnly(path);
        try
        {
            FleetSchema.Require(connection, path);
            return new(connection, path);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Does something in one transaction that nobody else writes during, durable when this returns.</summary>
    /// <exception cref="SqliteException">It was taken back: the disk is full or fails, or another process held the lock for long.</exception>
    public T Write<T>(Func<T> action) => InTransaction("BEGIN IMMEDIATE", action);

    /// <inheritdoc cref="Write{T}"/>
    public void Write(Action action) => Write(() =>
    {
        action();
        return true;
    });

    /// <summary>Reads as of one moment.</summary>
    /// <exception cref="SqliteException">It can't be read.</exception>
    public T Read<T>(Func<T> action) => InTransaction("BEGIN", action);

    public void Dispose() => Connection.Dispose();

    private T InTransaction<T>(string begin, Func<T> action)
    {
        Connection.Prepare(begin).Run();
        try
        {
            var result = action();
            Connection.Prepare("COMMIT").Run();
            return result;
        }
        catch
        {
            Connection.ResetAll();
            if (Connection.InTransaction)
            {
                Connection.Prepare("ROLLBACK").Run();
            }

            throw;
        }
    }
}
