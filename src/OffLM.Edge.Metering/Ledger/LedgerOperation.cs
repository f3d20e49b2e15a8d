using OffLM.Edge.Metering.Interop.Sqlite;

namespace OffLM.Edge.Metering;

/// <summary>What an operation may ask of a full disk.</summary>
internal enum Importance
{
    /// <summary>Takes on new work: refused as soon as the reserve is not there.</summary>
    NewWork,

    /// <summary>Refused when the disk is full.</summary>
    Upkeep,

    /// <summary>Closes what runs: may use the reserve.</summary>
    MustFit,
}

/// <summary>One entry of the writer's queue. Touched by the writer's thread only, except for its task.</summary>
internal abstract class LedgerOperation(Importance importance, bool outsideTransaction, Action<SqliteConnection>? undo)
{
    public Importance Importance => importance;

    /// <summary>Runs alone and in no transaction.</summary>
    public bool OutsideTransaction => outsideTransaction;

    /// <summary>
    /// What to do once the database is open again if the commit failed for the disk: the failed transaction may turn out to be there after
    /// all, although the caller was told that it failed. Null where running the operation again does no harm.
    /// </summary>
    public Action<SqliteConnection>? Undo => HasRun && Error is null ? undo : null;

    /// <summary>Why this operation alone was refused, while its neighbours in the commit go on.</summary>
    public Exception? Error { get; protected set; }

    /// <summary>True once its statements have run to the end.</summary>
    protected bool HasRun { get; set; }

    public abstract void Run(SqliteConnection connection);

    /// <summary>Tells the caller the result, or why it was refused.</summary>
    public abstract void Complete();

    public void Refuse(Exception error) => Error = error;

    public void Fail(Exception error)
    {
        Refuse(error);
        Complete();
    }
}

/// <inheritdoc cref="LedgerOperation"/>
internal sealed class LedgerOperation<T>(
    Func<SqliteConnection, T> run, Importance importance, bool outsideTransaction = false, Action<SqliteConnection>? undo = null)
    : LedgerOperation(importance, outsideTransaction, undo)
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    public Task<T> Task => _completion.Task;

    public override void Run(SqliteConnection connection)
    {
        (Error, HasRun) = (null, false);
        _result = run(connection);
        HasRun = true;
    }

    public override void Complete()
    {
        if (Error is { } error)
        {
            _completion.SetException(error);
        }
        else
        {
            _completion.SetResult(_result!);
        }
    }
}
