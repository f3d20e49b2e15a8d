using System.Collections.Concurrent;
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

    private readonly BlockingCollection<LedgerOperation> _queue = [];
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

        _queue.CompleteAdding();
        _thread.Join();
        _storage.Dispose();
        _queue.Dispose();
    }

    private Task<T> Enqueue<T>(LedgerOperation<T> operation)
    {
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

    private void Loop()
    {
        var group = new List<LedgerOperation>(MaxOperationsPerCommit);
        foreach (var first in _queue.GetConsumingEnumerable())
        {
            LedgerOperation? next = first;
            do
            {
                if (next.OutsideTransaction)
                {
                    Commit(group);
                    RunOutside(next);
                    group.Clear();
                }
                else
                {
                    group.Add(next);
                }
            }
            while (group.Count < MaxOperationsPerCommit && _queue.TryTake(out next));

            Commit(group);
            group.Clear();
        }
    }

    private void Commit(List<LedgerOperation> group)
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
                Run(connection, operation, alone: group.Count == 1);
            }

            connection.Prepare("COMMIT").Run();
        }
        catch (Exception e)
        {
            Recover(group, e);
            return;
        }

        foreach (var operation in group)
        {
            operation.Complete();
        }
    }

    /// <summary>Runs one operation; if it is refused, only its own changes are taken back.</summary>
    private void Run(SqliteConnection connection, LedgerOperation operation, bool alone)
    {
        if (operation.Importance == Importance.NewWork && !_storage.HasReserve)
        {
            operation.Refuse(_storage.Full(null));
            return;
        }

        if (alone)
        {
            operation.Run(connection);
            return;
        }

        connection.Prepare("SAVEPOINT operation").Run();
        try
        {
            operation.Run(connection);
        }
        catch (Exception e) when (connection.InTransaction && e is not SqliteException { IsFull: true } and not SqliteException { IsStorageFailure: true })
        {
            connection.ResetAll();
            connection.Prepare("ROLLBACK TO operation").Run();
            operation.Refuse(e);
        }

        connection.Prepare("RELEASE operation").Run();
    }

    private void RunOutside(LedgerOperation operation)
    {
        try
        {
            operation.Run(_storage.Usable());
        }
        catch (Exception e)
        {
            Recover([operation], e);
            return;
        }

        operation.Complete();
    }

    private void Recover(List<LedgerOperation> group, Exception error)
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
