using System.Runtime.InteropServices;
using OffLM.Edge.Metering;

namespace OffLM.Edge.Tests.Harness;

/// <summary>A ledger's file, from outside.</summary>
internal static partial class LedgerFile
{
    /// <summary>The ledger in a few figures.</summary>
    public static LedgerSummary Summary(string state)
    {
        using var ledger = Open(state);
        return ledger.Summary();
    }

    /// <summary>All receipts in order.</summary>
    public static IReadOnlyList<StoredReceipt> Receipts(string state)
    {
        using var ledger = Open(state);
        var all = new List<StoredReceipt>();
        for (var page = ledger.From(1); page.Count > 0; page = ledger.From((ulong)all.Count + 1))
        {
            all.AddRange(page);
        }

        return all;
    }

    /// <summary>Changes the file behind the node's back.</summary>
    public static void Damage(string state, string sql)
    {
        Assert.Equal(0, sqlite3_open(Path.Combine(state, "ledger.db"), out var connection));
        try
        {
            Assert.Equal(0, sqlite3_exec(connection, sql, 0, 0, 0));
        }
        finally
        {
            _ = sqlite3_close(connection);
        }
    }

    private static LedgerReader Open(string state) => LedgerReader.Open(Path.Combine(state, "ledger.db"));

    [LibraryImport("libsqlite3.so.0", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int sqlite3_open(string path, out nint connection);

    [LibraryImport("libsqlite3.so.0", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int sqlite3_exec(nint connection, string sql, nint callback, nint argument, nint error);

    [LibraryImport("libsqlite3.so.0")]
    private static partial int sqlite3_close(nint connection);
}
