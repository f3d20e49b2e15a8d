using OffLM.Edge.Metering.Interop.Sqlite;

namespace OffLM.Edge.Metering;

/// <summary>
/// The ledger's one writer, on a thread of its own. Whatever is queued while one commit's fsync runs goes into the next
/// commit together, so many appenders share one fsync; nothing waits for company. An operation that is refused takes
/// nobody else's with it.
/// </summary>
internal sealed class LedgerWriter : IDisposable
{
    /// <summary>Bounds a transaction, and with it the time that its first operation waits; an fsync costs more than 256 rows.</summary>
    private const int MaxOperationsPerCommit = 256;

    /// <summary>
    /// When nothing came for so long, the log is tidied up: soon enough that a pause between two questions does, late enough that a burst
    /// doesn't wait for it.
    /// </summary>
    private static readonly TimeSpan IdleAfter = TimeSpan.FromMilliseconds(20);

    private readonly LedgerQueue _queue = new();
    private readonly LedgerStorage _storage;
    private readonly Thread _thread;
    private bool _disposed;

    public LedgerWriter(string path, string? vfs, TimeProvider time)
    {
        _storage = new LedgerStorage(path, vfs, time);
        _thread = new Thread(Loop) { Name = "ledger", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Why nothing can be written now; null while all is well.</summary>
    public Exception? Failure => _storage.Failure;

    /// <summary>Runs an operation in a transaction that is durable when the task completes. Refused on a full disk.</summary>
    /// <exception cref="LedgerUnavailableException">The disk failed, or the ledger is closed.</exception>
    /// <exception cref="LedgerFullException">The disk is full.</exception>
    public Task<T> RunAsync<T>(Func<SqliteConnection, T> operation) => Enqueue(new LedgerOperation<T>(operation, Importance.Upkeep));

    /// <summary>Like <see cref="RunAsync"/> for taking on new work: refused on a nearly full disk already.</summary>
    /// <param name="operation">What to do.</param>
    /// <param name="undo">Takes it back after a disk failure that left open whether it was committed.</param>
    /// <exception cref="LedgerUnavailableException">The disk failed, or the ledger is closed.</exception>
    /// <exception cref="LedgerFullException">The disk is full, or the space to close what runs is not set aside.</exception>
    public Task<T> TakeOnAsync<T>(Func<SqliteConnection, T> operation, Action<SqliteConnection> undo) =>
        Enqueue(new LedgerOperation<T>(operation, Importance.NewWork, undo: undo));

    /// <summary>Like <see cref="RunAsync"/> for closing what runs: may use the space kept aside.</summary>
    /// <exception cref="LedgerUnavailableException">The disk failed, or the ledger is closed.</exception>
    /// <exception cref="LedgerFullException">The disk is full, the reserve too.</exception>
    public Task<T> CloseOutAsync<T>(Func<SqliteConnection, T> operation) => Enqueue(new LedgerOperation<T>(operation, Importance.MustFit));

    /// <summary>Runs something that can't be in a transaction, between two commits.</summary>
    /// <exception cref="LedgerUnavailableException">The disk failed, or the ledger is closed.</exception>
    public Task<T> RunOutsideAsync<T>(Func<SqliteConnection, T> operation) =>
        Enqueue(new LedgerOperation<T>(operation, Importance.Upkeep, outsideTransaction: true));

    /// <summary>Finishes what is queued and closes the database.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        _queue.Close();
        _thread.Join();
        _storage.Dispose();
    }

    private Task<T> Enqueue<T>(LedgerOperation<T> operation) => _queue.TryAdd(operation)
        ? operation.Task
        : Task.FromException<T>(new LedgerUnavailableException("The ledger is closed; the node is shutting down."));

    private void Loop()
    {
        var (taken, group) = (new List<LedgerOperation>(MaxOperationsPerCommit), new List<LedgerOperation>(MaxOperationsPerCommit));
        var patience = IdleAfter;
        while (_queue.Take(taken, MaxOperationsPerCommit, patience))
        {
            if (taken.Count == 0)
            {
                patience = _storage.Tidy() ? IdleAfter : Timeout.InfiniteTimeSpan;
                continue;
            }

            patience = IdleAfter;

            foreach (var operation in taken)
            {
                if (operation.OutsideTransaction)
                {
                    Commit(group);
                    group.Clear();
                    RunOutside(operation);
                }
                else
                {
                    group.Add(operation);
                }
            }

            Commit(group);
            group.Clear();
            taken.Clear();
        }
    }

    private void Commit(List<LedgerOperation> group, bool isolated = false)
    {
        if (group.Count == 0)
        {
            return;
        }

        try
        {
            var connection = _storage.Usable();
            connection.Prepare("BEGIN IMMEDIATE").Run();
            foreach (var operation in group)
            {
                Run(connection, operation, isolated);
            }

            connection.Prepare("COMMIT").Run();
        }
        catch (Exception e)
        {
            Recover(group, e, isolated);
            return;
        }

        foreach (var operation in group)
        {
            operation.Complete();
        }
    }

    /// <summary>
    /// Runs one operation. If it is refused before it changed anything, its neighbours go on. If it has changed something, the whole group
    /// begins again, each operation in a savepoint of its own: taking one for every operation would copy each page that it touches.
    /// </summary>
    private void Run(SqliteConnection connection, LedgerOperation operation, bool isolated)
    {
        if (operation.Importance == Importance.NewWork && !_storage.HasReserve)
        {
            operation.Refuse(_storage.Full(null));
            return;
        }

        var changes = connection.TotalChanges;
        if (isolated)
        {
            connection.Prepare("SAVEPOINT operation").Run();
        }

        try
        {
            operation.Run(connection);
        }
        catch (Exception e) when (connection.InTransaction && e is not SqliteException { IsFull: true } and not SqliteException { IsStorageFailure: true }
            && (isolated || connection.TotalChanges == changes))
        {
            connection.ResetAll();
            if (isolated)
            {
                connection.Prepare("ROLLBACK TO operation").Run();
            }

            operation.Refuse(e);
        }

        if (isolated)
        {
            connection.Prepare("RELEASE operation").Run();
        }
    }

    private void RunOutside(LedgerOperation operation)
    {
        try
        {
            operation.Run(_storage.Usable());
        }
        catch (Exception e)
        {
            Recover([operation], e, isolated: false);
            return;
        }

        operation.Complete();
    }

    private void Recover(List<LedgerOperation> group, Exception error, bool isolated)
    {
        if (error is SqliteException { IsStorageFailure: true } failure)
        {
            _storage.Fail(failure, group.Select(operation => operation.Undo).OfType<Action<SqliteConnection>>());
        }
        else
        {
            _storage.Rollback();
        }

        if (error is LedgerUnavailableException or SqliteException { IsStorageFailure: true } or SqliteException { IsBusy: true })
        {
            // No second attempt: whether the first was committed is not known before the database is open again.
            group.ForEach(operation => operation.Fail(_storage.Unavailable(error)));
        }
        else if (group.Count > 1 && !isolated && error is not SqliteException { IsFull: true })
        {
            Commit(group, isolated: true);
        }
        else if (group.Count > 1)
        {
            group.ForEach(operation => Commit([operation]));
        }
        else if (error is SqliteException { IsFull: true } && group[0].Importance == Importance.MustFit && _storage.ReleaseReserve())
        {
            Commit(group);
        }
        else
        {
            group[0].Fail(error is SqliteException { IsFull: true } ? _storage.Full(error) : error);
        }
    }
}
