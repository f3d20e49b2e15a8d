using System.Collections.Concurrent;
using OffLM.Edge.Metering.Interop.Sqlite;

namespace OffLM.Edge.Metering;

/// <summary>
/// The ledger's one writer, on a thread of its own. Whatever is queued while one commit's fsync runs goes into the next
/// commit together, so many appenders share one fsync; nothing waits for company.
/// </summary>
internal sealed class LedgerWriter : IDisposable
{
    /// <summary>Bounds a transaction, and with it the time that its first operation waits; an fsync costs more than 256 rows.</summary>
    private const int MaxOperationsPerCommit = 256;

    /// <summary>How often a failed database is opened again at most.</summary>
    private static readonly TimeSpan ReopenInterval = TimeSpan.FromSeconds(2);

    private readonly BlockingCollection<Operation> _queue = [];
    private readonly string _path;
    private readonly string? _vfs;
    private readonly DiskReserve _reserve;
    private readonly TimeProvider _time;
    private readonly Thread _thread;
    private SqliteConnection? _connection;
    private Exception? _failure;
    private long _lastOpened;

    public LedgerWriter(string path, string? vfs, TimeProvider time)
    {
        _path = path;
        _vfs = vfs;
        _time = time;
        _reserve = new DiskReserve(path);
        _connection = Connect();
        _reserve.Take();
        _thread = new Thread(Loop) { Name = "ledger", IsBackground = true };
        _thread.Start();
    }

    private enum Importance
    {
        MayBeRefused,
        MustFit,
    }

    /// <summary>Why nothing can be written now; null while all is well.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>Runs an operation in a transaction that is durable when the task completes. Taking on new work: refused on a full disk.</summary>
    /// <exception cref="LedgerUnavailableException">The disk failed, or the ledger is closed.</exception>
    /// <exception cref="LedgerFullException">The disk is full.</exception>
    public Task<T> RunAsync<T>(Func<SqliteConnection, T> operation) => Enqueue(operation, Importance.MayBeRefused);

    /// <summary>Like <see cref="RunAsync"/> for closing what runs: may use the space kept aside.</summary>
    /// <exception cref="LedgerUnavailableException">The disk failed, or the ledger is closed.</exception>
    /// <exception cref="LedgerFullException">The disk is full, the reserve too.</exception>
    public Task<T> CloseOutAsync<T>(Func<SqliteConnection, T> operation) => Enqueue(operation, Importance.MustFit);

    /// <summary>Finishes what is queued and closes the database.</summary>
    public void Dispose()
    {
        if (_queue.IsAddingCompleted)
        {
            return;
        }

        _queue.CompleteAdding();
        _thread.Join();
        _connection?.Dispose();
        _queue.Dispose();
    }

    private Task<T> Enqueue<T>(Func<SqliteConnection, T> run, Importance importance)
    {
        var operation = new Operation<T>(run, importance);
        try
        {
            _queue.Add(operation);
        }
        catch (InvalidOperationException e)
        {
            return Task.FromException<T>(new LedgerUnavailableException("The ledger is closed; the node is shutting down.", e));
        }

        return operation.Task;
    }

    private SqliteConnection Connect()
    {
        _lastOpened = _time.GetTimestamp();
        var connection = SqliteConnection.Open(_path, _vfs);
        try
        {
            connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY");
            LedgerSchema.Migrate(connection, _path);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Loop()
    {
        var batch = new List<Operation>(MaxOperationsPerCommit);
        foreach (var first in _queue.GetConsumingEnumerable())
        {
            batch.Clear();
            batch.Add(first);
            while (batch.Count < MaxOperationsPerCommit && _queue.TryTake(out var next))
            {
                batch.Add(next);
            }

            if (!TryCommit(batch) && batch.Count > 1)
            {
                // One of them failed and took the others' transaction with it: each alone.
                foreach (var operation in batch)
                {
                    TryCommit([operation]);
                }
            }
        }
    }

    /// <summary>False if nothing was committed and, of several, nobody has been told yet.</summary>
    private bool TryCommit(List<Operation> batch)
    {
        try
        {
            var connection = Usable();
            connection.Prepare("BEGIN IMMEDIATE").Run();
            foreach (var operation in batch)
            {
                operation.Run(connection);
            }

            connection.Prepare("COMMIT").Run();
        }
        catch (Exception e)
        {
            return Recover(batch, e);
        }

        foreach (var operation in batch)
        {
            operation.Complete();
        }

        return true;
    }

    private bool Recover(List<Operation> batch, Exception error)
    {
        if (error is SqliteException { IsStorageFailure: true } failure)
        {
            // After a failed fsync a later one may claim success for pages that were dropped: only a fresh, checked connection is trusted.
            Fail(failure);
        }
        else
        {
            Rollback();
        }

        if (batch.Count > 1)
        {
            return false;
        }

        if (error is SqliteException { IsFull: true } && batch[0].Importance == Importance.MustFit && _reserve.Release())
        {
            return TryCommit(batch);
        }

        batch[0].Fail(error switch
        {
            SqliteException { IsFull: true } => new LedgerFullException($"The disk that holds {_path} is full. Free some space; receipts can't be written.", error),
            SqliteException { IsStorageFailure: true } => Unavailable(error),
            _ => error,
        });
        return true;
    }

    private SqliteConnection Usable()
    {
        if (_connection is { } connection)
        {
            if (_time.GetElapsedTime(_lastOpened) > ReopenInterval)
            {
                _lastOpened = _time.GetTimestamp();
                _reserve.Take();
            }

            return connection;
        }

        if (_time.GetElapsedTime(_lastOpened) < ReopenInterval)
        {
            throw Unavailable(_failure!);
        }

        try
        {
            var reopened = Connect();
            if (reopened.Scalar("PRAGMA quick_check(1)") is var verdict and not "ok")
            {
                reopened.Dispose();
                throw new LedgerUnavailableException($"{_path} was opened again after a disk error and is damaged: {verdict}");
            }

            Volatile.Write(ref _failure, null);
            return _connection = reopened;
        }
        catch (SqliteException e)
        {
            Volatile.Write(ref _failure, e);
            throw Unavailable(e);
        }
    }

    private LedgerUnavailableException Unavailable(Exception cause) =>
        new($"The ledger {_path} can't be written: {cause.Message}. It is opened again and checked before the next request is taken.", cause);

    private void Fail(SqliteException failure)
    {
        Volatile.Write(ref _failure, failure);
        _connection?.Dispose();
        _connection = null;
    }

    private void Rollback()
    {
        try
        {
            if (_connection is { InTransaction: true } connection)
            {
                connection.Prepare("ROLLBACK").Run();
            }
        }
        catch (SqliteException e)
        {
            Fail(e);
        }
    }

    private abstract class Operation(Importance importance)
    {
        public Importance Importance => importance;

        public abstract void Run(SqliteConnection connection);

        public abstract void Complete();

        public abstract void Fail(Exception error);
    }

    private sealed class Operation<T>(Func<SqliteConnection, T> run, Importance importance) : Operation(importance)
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;

        public Task<T> Task => _completion.Task;

        public override void Run(SqliteConnection connection) => _result = run(connection);

        public override void Complete() => _completion.SetResult(_result!);

        public override void Fail(Exception error) => _completion.SetException(error);
    }
}
