using OffLM.Edge.Metering.Interop.Sqlite;

namespace OffLM.Edge.Metering;

/// <summary>The writer's connection, what happens when its disk fails, and the space kept aside. For the writer's thread.</summary>
internal sealed class LedgerStorage : IDisposable
{
    /// <summary>How often a failed database is opened again at most, and a released reserve taken again.</summary>
    internal static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(2);

    /// <summary>Pages in the log that an idle moment is used to copy; fewer would wear out a memory card with the same pages again and again.</summary>
    internal const int TidyLogPages = 1000;

    /// <summary>Pages in the log that a commit copies, for want of an idle moment before; 16 MB, which a start after a crash reads in 20 ms.</summary>
    private const int MaxLogPages = 4000;

    /// <summary>What the log is cut back to after a long reader let it grow. Not less than it usually has: growing again would make commits dearer.</summary>
    private const int LogSizeLimitBytes = 20 << 20;

    private readonly string _path;
    private readonly string? _vfs;
    private readonly TimeProvider _time;
    private readonly DiskReserve _reserve;
    private readonly LogRoom _logRoom;
    private readonly List<Action<SqliteConnection>> _undo = [];
    private SqliteConnection? _connection;
    private Exception? _failure;
    private long _lastAttempt;

    /// <exception cref="SqliteException">It can't be opened.</exception>
    /// <exception cref="LedgerVersionException">Written by a newer version.</exception>
    /// <exception cref="LedgerUnavailableException">It is another program's.</exception>
    public LedgerStorage(string path, string? vfs, TimeProvider time)
    {
        (_path, _vfs, _time) = (path, vfs, time);
        (_reserve, _logRoom) = (new DiskReserve(path), new LogRoom(path));
        _connection = Connect();
        _reserve.Take();
        _lastAttempt = time.GetTimestamp();
    }

    /// <summary>Why nothing can be written now; null while all is well.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    public bool HasReserve => _reserve.IsTaken;

    /// <summary>The connection; after a failure a fresh and checked one.</summary>
    /// <exception cref="LedgerUnavailableException">It failed and can't be opened again yet.</exception>
    public SqliteConnection Usable()
    {
        var due = _time.GetElapsedTime(_lastAttempt) >= RetryInterval;
        if (_connection is { } connection)
        {
            if (due && !_reserve.IsTaken)
            {
                _lastAttempt = _time.GetTimestamp();
                _reserve.Take();
            }

            return connection;
        }

        if (!due)
        {
            throw Unavailable(_failure!);
        }

        _lastAttempt = _time.GetTimestamp();
        try
        {
            _connection = Reopen();
            Volatile.Write(ref _failure, null);
            return _connection;
        }
        catch (Exception e)
        {
            Volatile.Write(ref _failure, e);
            throw Unavailable(e);
        }
    }

    /// <summary>
    /// Gives up the connection. After a failed fsync a later one may claim success for pages that the system dropped, so only a
    /// connection that was opened and checked afresh is trusted. Closing folds what was committed before the failure back into the database.
    /// </summary>
    /// <param name="failure">What the disk reported.</param>
    /// <param name="undo">To be run when it is open again, for what may or may not have been committed.</param>
    public void Fail(Exception failure, IEnumerable<Action<SqliteConnection>> undo)
    {
        _undo.AddRange(undo);
        Volatile.Write(ref _failure, failure);
        _lastAttempt = _time.GetTimestamp();
        _connection?.Dispose();
        _connection = null;
    }

    /// <summary>Takes back an open transaction.</summary>
    public void Rollback()
    {
        if (_connection is not { } connection)
        {
            return;
        }

        try
        {
            connection.ResetAll();
            if (connection.InTransaction)
            {
                connection.Prepare("ROLLBACK").Run();
            }
        }
        catch (SqliteException e)
        {
            Fail(e, []);
        }
    }

    /// <summary>
    /// For idle moments: copies the log into the database once it is long enough to be worth the two syncs, else a commit would have to, and
    /// somebody's last words with it; and sees to the log's room.
    /// </summary>
    /// <returns>True if another idle moment is wanted.</returns>
    public bool Tidy()
    {
        if (_connection is not { } connection)
        {
            return false;
        }

        if (connection.PagesWritten(reset: false) < TidyLogPages)
        {
            return _logRoom.Extend();
        }

        try
        {
            connection.PagesWritten(reset: true);
            connection.CopyLog();
        }
        catch (SqliteException e) when (e.IsStorageFailure)
        {
            Fail(e, []);
        }
        catch (SqliteException e) when (e.IsFull || e.IsBusy)
        {
            // Nothing is lost: the log keeps it until there is room.
        }

        return true;
    }

    /// <summary>Gives the space kept aside to the next commit; false if there was none.</summary>
    public bool ReleaseReserve()
    {
        _lastAttempt = _time.GetTimestamp();
        return _reserve.Release();
    }

    public LedgerUnavailableException Unavailable(Exception cause) => cause as LedgerUnavailableException ??
        new($"The ledger {_path} can't be written: {cause.Message}. It is opened again and checked before the next request is taken.", cause);

    public LedgerFullException Full(Exception? cause) =>
        new($"The disk that holds {_path} is full. Free some space: receipts need {DiskReserve.SizeBytes >> 20} MiB and more.", cause);

    public void Dispose() => _connection?.Dispose();

    private SqliteConnection Connect()
    {
        var connection = SqliteConnection.Open(_path, _vfs);
        try
        {
            // Deleted salts must not stay readable in free pages: hence secure_delete.
            connection.Execute("PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON");
            if (connection.UseWriteAheadLog() is var mode and not "wal")
            {
                throw new LedgerUnavailableException(
                    $"The file system of {_path} can't hold a write-ahead log (journal mode {mode}). Put the state directory on a local disk.");
            }

            connection.Execute($"PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = {MaxLogPages}; PRAGMA journal_size_limit = {LogSizeLimitBytes}");
            LedgerSchema.Migrate(connection, _path);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private SqliteConnection Reopen()
    {
        var connection = Connect();
        try
        {
            // The log may hold pages that were never written although the system thinks so. Folding it writes all of them anew.
            if (!connection.FoldLog())
            {
                throw new LedgerUnavailableException($"{_path} failed and can't be checked while another process reads it.");
            }

            if (connection.Scalar("PRAGMA quick_check(1)") is var verdict and not "ok")
            {
                throw new LedgerUnavailableException(
                    $"{_path} was opened again after a disk error and is damaged: {verdict}. Run ledger check; copy the state directory to a good disk.");
            }

            connection.Execute("BEGIN IMMEDIATE");
            _undo.ForEach(undo => undo(connection));
            connection.Execute("COMMIT");
            _undo.Clear();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
