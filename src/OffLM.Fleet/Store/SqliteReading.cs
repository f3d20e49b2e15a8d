using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;

namespace OffLM.Fleet.Store;

/// <summary>Reads what the tables hold as the types that the program uses.</summary>
internal static class SqliteReading
{
    /// <exception cref="FormatException">The row is damaged.</exception>
    public static Address Address(this SqliteStatement row, int column) =>
        row.Blob(column) is { Length: Edge.Signing.Address.Size } bytes ? new(bytes) : throw Damaged("an address");

    /// <exception cref="FormatException">The row is damaged.</exception>
    public static Bytes32 Hash(this SqliteStatement row, int column) =>
        row.Blob(column) is { Length: Bytes32.Size } bytes ? new(bytes) : throw Damaged("a hash");

    /// <exception cref="FormatException">The row is damaged.</exception>
    public static RecoverableSignature Signature(this SqliteStatement row, int column) =>
        row.Blob(column) is { Length: RecoverableSignature.Size } bytes && bytes[^1] is 27 or 28 ? new(bytes) : throw Damaged("a signature");

    /// <summary>All rows.</summary>
    public static List<T> All<T>(this SqliteStatement rows, Func<SqliteStatement, T> read)
    {
        try
        {
            var all = new List<T>();
            while (rows.Step())
            {
                all.Add(read(rows));
            }

            return all;
        }
        finally
        {
            rows.Reset();
        }
    }

    /// <summary>The first row; null if there is none.</summary>
    public static T? First<T>(this SqliteStatement rows, Func<SqliteStatement, T> read)
        where T : class
    {
        try
        {
            return rows.Step() ? read(rows) : null;
        }
        finally
        {
            rows.Reset();
        }
    }

    /// <summary>The first column of the first row; 0 if there is none.</summary>
    public static long Number(this SqliteStatement rows)
    {
        try
        {
            return rows.Step() ? rows.Integer(0) : 0;
        }
        finally
        {
            rows.Reset();
        }
    }

    private static FormatException Damaged(string expected) => new($"A row of the collector's database is damaged: a column is not {expected}. Run verify.");
}
