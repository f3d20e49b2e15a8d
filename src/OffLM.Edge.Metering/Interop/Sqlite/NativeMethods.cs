using System.Runtime.InteropServices;

namespace OffLM.Edge.Metering.Interop.Sqlite;

/// <summary>libsqlite3; each function is described at https://sqlite.org/c3ref/funclist.html.</summary>
internal static unsafe partial class NativeMethods
{
    internal const int Ok = 0;
    internal const int Row = 100;
    internal const int Done = 101;

    internal const int OpenReadOnly = 0x1;
    internal const int OpenReadWrite = 0x2;
    internal const int OpenCreate = 0x4;
    internal const int OpenNoMutex = 0x8000;

    /// <summary>SQLITE_PREPARE_PERSISTENT: the statement is kept and reused.</summary>
    internal const uint PreparePersistent = 1;

    /// <summary>SQLITE_CONFIG_MEMSTATUS.</summary>
    internal const int ConfigMemoryStatus = 9;

    /// <summary>SQLITE_DBSTATUS_CACHE_WRITE.</summary>
    internal const int StatusCacheWrite = 9;

    /// <summary>SQLITE_TRANSIENT: SQLite copies the bytes before the call returns.</summary>
    internal const nint Transient = -1;

    private const string Library = "libsqlite3.so.0";

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int sqlite3_open_v2(string file, out nint database, int flags, string? vfs);

    [LibraryImport(Library)]
    internal static partial int sqlite3_close_v2(nint database);

    [LibraryImport(Library)]
    internal static partial int sqlite3_prepare_v3(ConnectionHandle database, byte* sql, int length, uint flags, out nint statement, out byte* tail);

    [LibraryImport(Library)]
    internal static partial int sqlite3_step(StatementHandle statement);

    [LibraryImport(Library)]
    internal static partial int sqlite3_reset(StatementHandle statement);

    [LibraryImport(Library)]
    internal static partial int sqlite3_clear_bindings(StatementHandle statement);

    [LibraryImport(Library)]
    internal static partial int sqlite3_finalize(nint statement);

    [LibraryImport(Library)]
    internal static partial int sqlite3_bind_int64(StatementHandle statement, int index, long value);

    [LibraryImport(Library)]
    internal static partial int sqlite3_bind_text(StatementHandle statement, int index, byte* value, int length, nint destructor);

    [LibraryImport(Library)]
    internal static partial int sqlite3_bind_blob(StatementHandle statement, int index, byte* value, int length, nint destructor);

    [LibraryImport(Library)]
    internal static partial int sqlite3_bind_null(StatementHandle statement, int index);

    [LibraryImport(Library)]
    internal static partial int sqlite3_column_type(StatementHandle statement, int index);

    [LibraryImport(Library)]
    internal static partial long sqlite3_column_int64(StatementHandle statement, int index);

    [LibraryImport(Library)]
    internal static partial byte* sqlite3_column_text(StatementHandle statement, int index);

    [LibraryImport(Library)]
    internal static partial byte* sqlite3_column_blob(StatementHandle statement, int index);

    [LibraryImport(Library)]
    internal static partial int sqlite3_column_bytes(StatementHandle statement, int index);

    [LibraryImport(Library)]
    internal static partial byte* sqlite3_errmsg(ConnectionHandle database);

    [LibraryImport(Library)]
    internal static partial int sqlite3_extended_errcode(ConnectionHandle database);

    [LibraryImport(Library)]
    internal static partial int sqlite3_extended_result_codes(ConnectionHandle database, int on);

    [LibraryImport(Library)]
    internal static partial int sqlite3_busy_timeout(ConnectionHandle database, int milliseconds);

    [LibraryImport(Library)]
    internal static partial int sqlite3_changes(ConnectionHandle database);

    [LibraryImport(Library)]
    internal static partial int sqlite3_total_changes(ConnectionHandle database);

    /// <summary>Takes variable arguments; on the 64-bit Linux systems one int is passed the same way.</summary>
    [LibraryImport(Library)]
    internal static partial int sqlite3_config(int option, int value);

    [LibraryImport(Library)]
    internal static partial int sqlite3_db_status(ConnectionHandle database, int counter, out int current, out int highest, int reset);

    [LibraryImport(Library)]
    internal static partial void sqlite3_interrupt(ConnectionHandle database);

    [LibraryImport(Library)]
    internal static partial int sqlite3_get_autocommit(ConnectionHandle database);
}
