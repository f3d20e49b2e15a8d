using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using static OffLM.Edge.Metering.Interop.Sqlite.NativeMethods;

namespace OffLM.Edge.Metering.Interop.Sqlite;

/// <summary>One database connection, for one thread at a time. Statements are prepared once and kept.</summary>
public sealed unsafe class SqliteConnection : IDisposable
{
    /// <summary>How long a lock is waited for; only another process that writes, against the rules, holds one.</summary>
    private const int BusyTimeoutMs = 5000;

    private readonly Dictionary<string, SqliteStatement> _statements = new(new TextComparer());
    private readonly ConnectionHandle _handle;

    // SQLite's own count of the memory it uses takes a lock at each allocation. Refused if the program has used SQLite before; then it counts.
    static SqliteConnection() => _ = sqlite3_config(ConfigMemoryStatus, 0);

    private SqliteConnection(ConnectionHandle handle) => _handle = handle;

    /// <summary>Opens a database for reading and writing, making it if it is not there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="vfs">A registered file system layer; null for the system's.</param>
    /// <exception cref="SqliteException">It can't be opened.</exception>
    public static SqliteConnection Open(string path, string? vfs = null) => Open(path, OpenReadWrite | OpenCreate, vfs);

    /// <summary>Opens an existing database for reading, also while another process writes it.</summary>
    /// <exception cref="SqliteException">It can't be opened.</exception>
    public static SqliteConnection OpenReadOnly(string path) => Open(path, NativeMethods.OpenReadOnly, null);

    /// <summary>A kept statement, ready to bind and run. The same text gives the same object.</summary>
    /// <exception cref="SqliteException">The text is not valid SQL for this schema.</exception>
    public SqliteStatement Prepare(string sql)
    {
        if (_statements.TryGetValue(sql, out var statement))
        {
            statement.Reset();
            return statement;
        }

        statement = Compile(sql, out _);
        _statements.Add(sql, statement);
        return statement;
    }

    /// <summary>A statement that is used once; to be disposed.</summary>
    /// <exception cref="SqliteException">The text is not valid SQL for this schema.</exception>
    public SqliteStatement Compile(string sql) => Compile(sql, out _);

    /// <summary>Runs statements separated by semicolons.</summary>
    /// <exception cref="SqliteException">One failed; those before it have run.</exception>
    public void Execute(string sql)
    {
        while (!string.IsNullOrWhiteSpace(sql))
        {
            using var statement = Compile(sql, out var rest);
            statement.Run();
            sql = rest;
        }
    }

    /// <summary>The first column of the first row as text; null without a row.</summary>
    public string? Scalar(string sql)
    {
        using var statement = Compile(sql, out _);
        return statement.Step() ? statement.Text(0) : null;
    }

    /// <summary>How long a lock is waited for before a statement fails as busy.</summary>
    public int BusyTimeoutMilliseconds
    {
        set => _ = sqlite3_busy_timeout(_handle, value);
    }

    /// <summary>Rows changed by the last statement.</summary>
    public int Changes => sqlite3_changes(_handle);

    /// <summary>Rows changed since it was opened; wraps around.</summary>
    public int TotalChanges => sqlite3_total_changes(_handle);

    public bool InTransaction => sqlite3_get_autocommit(_handle) == 0;

    /// <summary>Ends every read that an exception left unfinished: it would keep the write-ahead log from being folded back.</summary>
    public void ResetAll()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Reset();
        }
    }

    /// <summary>
    /// Makes the database one with a write-ahead log, for good; nothing to do where it is one. SQLite doesn't wait for others that change it at
    /// the same moment, lest they wait for each other: this tries again for as long as a lock is waited for.
    /// </summary>
    /// <returns>The journal mode that it has now: <c>wal</c>, or another where the file system can't hold such a log.</returns>
    /// <exception cref="SqliteException">It can't be read or written, or another process held it for long.</exception>
    public string? UseWriteAheadLog()
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return Scalar("PRAGMA journal_mode = WAL");
            }
            catch (SqliteException e) when (e.IsBusy && Stopwatch.GetElapsedTime(start).TotalMilliseconds < BusyTimeoutMs)
            {
                Thread.Sleep(Random.Shared.Next(1, 10));
            }
        }
    }

    /// <summary>Copies the whole write-ahead log into the database, syncs that, and empties the log.</summary>
    /// <returns>False if a reader kept some of it in use.</returns>
    /// <exception cref="SqliteException">Writing or syncing failed.</exception>
    public bool FoldLog() => Scalar("PRAGMA wal_checkpoint(TRUNCATE)") == "0";

    /// <summary>Copies what no reader needs any more of the write-ahead log into the database and syncs it; the log is then written from its start.</summary>
    /// <exception cref="SqliteException">Writing or syncing failed.</exception>
    public void CopyLog() => _ = Scalar("PRAGMA wal_checkpoint(PASSIVE)");

    /// <summary>Pages written since this was last asked with <paramref name="reset"/>; in WAL mode, to the log.</summary>
    public int PagesWritten(bool reset)
    {
        _ = sqlite3_db_status(_handle, StatusCacheWrite, out var pages, out _, reset ? 1 : 0);
        return pages;
    }

    /// <summary>Makes the running statement fail soon with <see cref="SqliteException.IsInterrupted"/>; for use by another thread.</summary>
    public void Interrupt() => sqlite3_interrupt(_handle);

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Dispose();
        }

        _handle.Dispose();
    }

    internal void Check(int result)
    {
        if (result != Ok)
        {
            throw Error();
        }
    }

    internal SqliteException Error() => new(sqlite3_extended_errcode(_handle), Marshal.PtrToStringUTF8((nint)sqlite3_errmsg(_handle)) ?? "unknown error");

    private static SqliteConnection Open(string path, int flags, string? vfs)
    {
        var result = sqlite3_open_v2(path, out var database, flags | OpenNoMutex, vfs);
        var connection = new SqliteConnection(new ConnectionHandle(database));
        if (result != Ok)
        {
            var error = new SqliteException(result, $"{path}: {connection.Error().Message}");
            connection.Dispose();
            throw error;
        }

        _ = sqlite3_extended_result_codes(connection._handle, 1);
        connection.BusyTimeoutMilliseconds = BusyTimeoutMs;
        return connection;
    }

    private SqliteStatement Compile(string sql, out string rest)
    {
        var utf8 = Encoding.UTF8.GetBytes(sql);
        fixed (byte* text = utf8)
        {
            Check(sqlite3_prepare_v3(_handle, text, utf8.Length, PreparePersistent, out var statement, out var tail));
            rest = Encoding.UTF8.GetString(utf8.AsSpan((int)(tail - text)));
            return new SqliteStatement(this, statement);
        }
    }

    /// <summary>Statements are long and few: a few characters tell them apart, and hashing all of one for each use would cost more than its search.</summary>
    private sealed class TextComparer : IEqualityComparer<string>
    {
        public bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

        public int GetHashCode(string text) => HashCode.Combine(text.Length, text[^1], text[text.Length / 2], text[text.Length / 4]);
    }
}
