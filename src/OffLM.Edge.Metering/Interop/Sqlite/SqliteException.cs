namespace OffLM.Edge.Metering.Interop.Sqlite;

/// <summary>An error that SQLite reported.</summary>
/// <param name="code">The extended result code, https://sqlite.org/rescode.html.</param>
/// <param name="message">SQLite's message.</param>
public sealed class SqliteException(int code, string message) : Exception(message)
{
    private const int ReadOnly = 8;
    private const int Interrupt = 9;
    private const int IoError = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int LockingProtocol = 15;
    private const int NotADatabase = 26;
    private const int Busy = 5;
    private const int Constraint = 19;

    /// <summary>The extended result code.</summary>
    public int Code => code;

    /// <summary>The disk or the quota is full; the transaction was rolled back and may be tried again.</summary>
    public bool IsFull => Primary == Full;

    /// <summary>
    /// A read, write or fsync failed, or the file system went read-only after such a failure: what is on the disk is not known until the
    /// database is opened again and checked.
    /// </summary>
    public bool IsStorageFailure => Primary is ReadOnly or IoError or Corrupt or CannotOpen or LockingProtocol or NotADatabase;

    public bool IsCorrupt => Primary is Corrupt or NotADatabase;

    /// <summary>Another process holds the database.</summary>
    public bool IsBusy => Primary == Busy;

    /// <summary>Another thread asked the statement to stop.</summary>
    public bool IsInterrupted => Primary == Interrupt;

    public bool IsConstraint => Primary == Constraint;

    private int Primary => code & 0xFF;
}
