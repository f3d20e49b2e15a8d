using System.Text;
using static OffLM.Edge.Metering.Interop.Sqlite.NativeMethods;

namespace OffLM.Edge.Metering.Interop.Sqlite;

/// <summary>A prepared statement. Parameters are numbered from 1, columns from 0. Not for use by two threads at once.</summary>
public sealed unsafe class SqliteStatement : IDisposable
{
    private const int NullType = 5;

    private readonly SqliteConnection _connection;
    private readonly StatementHandle _handle;
    private bool _isReset = true;

    internal SqliteStatement(SqliteConnection connection, nint statement)
    {
        _connection = connection;
        _handle = new StatementHandle(statement);
    }

    public SqliteStatement Bind(int index, long value)
    {
        _connection.Check(sqlite3_bind_int64(_handle, index, value));
        return this;
    }

    public SqliteStatement Bind(int index, ReadOnlySpan<byte> value)
    {
        fixed (byte* bytes = value)
        {
            byte empty;
            _connection.Check(sqlite3_bind_blob(_handle, index, bytes == null ? &empty : bytes, value.Length, Transient));
        }

        return this;
    }

    public SqliteStatement Bind(int index, string value)
    {
        var utf8 = Encoding.UTF8.GetBytes(value);
        fixed (byte* bytes = utf8)
        {
            byte empty;
            _connection.Check(sqlite3_bind_text(_handle, index, bytes == null ? &empty : bytes, utf8.Length, Transient));
        }

        return this;
    }

    public SqliteStatement BindNull(int index)
    {
        _connection.Check(sqlite3_bind_null(_handle, index));
        return this;
    }

    /// <summary>Moves to the next row; false at the end, after which the statement is ready to run again.</summary>
    /// <exception cref="SqliteException">The statement failed.</exception>
    public bool Step()
    {
        _isReset = false;
        switch (sqlite3_step(_handle))
        {
            case Row:
                return true;
            case Done:
                Reset();
                return false;
            default:
                var error = _connection.Error();
                Reset();
                throw error;
        }
    }

    /// <summary>Runs a statement that gives no rows.</summary>
    /// <exception cref="SqliteException">The statement failed.</exception>
    public void Run()
    {
        while (Step())
        {
        }
    }

    /// <summary>Forgets rows not read and the parameters.</summary>
    public void Reset()
    {
        if (_isReset)
        {
            return;
        }

        _isReset = true;
        // The result repeats the error of the last step, which was reported then.
        _ = sqlite3_reset(_handle);
        _ = sqlite3_clear_bindings(_handle);
    }

    public bool IsNull(int column) => sqlite3_column_type(_handle, column) == NullType;

    public long Integer(int column) => sqlite3_column_int64(_handle, column);

    public byte[] Blob(int column) =>
        new ReadOnlySpan<byte>(sqlite3_column_blob(_handle, column), sqlite3_column_bytes(_handle, column)).ToArray();

    /// <summary>A column's text; empty for NULL, which a damaged page can show in any column.</summary>
    public string Text(int column)
    {
        var text = sqlite3_column_text(_handle, column);
        return Encoding.UTF8.GetString(new ReadOnlySpan<byte>(text, sqlite3_column_bytes(_handle, column)));
    }

    public void Dispose() => _handle.Dispose();
}
