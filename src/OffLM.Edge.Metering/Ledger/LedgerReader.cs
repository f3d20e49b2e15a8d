using System.Globalization;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>
/// Reads the ledger, also from another process while the node writes it. Long listings are read in pages: an open read
/// keeps the write-ahead log from being folded back. For one thread at a time.
/// </summary>
public sealed partial class LedgerReader : IDisposable
{
    /// <summary>Rows that one page reads; about 150 kB.</summary>
    public const int PageSize = 256;

    private readonly SqliteConnection _connection;

    private LedgerReader(SqliteConnection connection) => _connection = connection;

    /// <exception cref="LedgerUnavailableException">There is no ledger at this path, it can't be read, or is of an older version.</exception>
    /// <exception cref="LedgerVersionException">Written by a newer version.</exception>
    public static LedgerReader Open(string path) => new(Connect(path));

    /// <inheritdoc cref="Open"/>
    internal static SqliteConnection Connect(string path)
    {
        if (!File.Exists(path))
        {
            throw new LedgerUnavailableException($"There is no ledger at {path}. A node makes one when it first starts; --state says where to look.");
        }

        SqliteConnection? connection = null;
        try
        {
            connection = SqliteConnection.OpenReadOnly(path);
            LedgerSchema.Require(connection, path);
            return connection;
        }
        catch (SqliteException e)
        {
            connection?.Dispose();
            throw new LedgerUnavailableException($"The ledger {path} can't be read: {e.Message}", e);
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    /// <summary>Figures that cost the same however long the ledger is.</summary>
    public LedgerSummary Summary()
    {
        // One snapshot for all of them: otherwise a batch stored in between would sign more receipts than there are.
        _connection.Execute("BEGIN");
        try
        {
            return SummaryOfSnapshot();
        }
        finally
        {
            _connection.Execute("COMMIT");
        }
    }

    private LedgerSummary SummaryOfSnapshot()
    {
        var last = Integer("SELECT coalesce(max(sequence), 0) FROM receipts");
        var (batches, signed) = (0L, 0L);
        var row = _connection.Prepare(
            """
            SELECT * FROM (SELECT batch, first + count - 1 FROM batches ORDER BY batch DESC LIMIT 1)
            UNION ALL SELECT * FROM (SELECT batch, sequence FROM rollbacks WHERE accepted = 1 ORDER BY batch DESC LIMIT 1)
            """);
        while (row.Step())
        {
            (batches, signed) = row.Integer(0) >= batches ? (row.Integer(0), row.Integer(1)) : (batches, signed);
        }

        return new(
            (ulong)last,
            (ulong)batches,
            (ulong)Math.Max(last - signed, 0),
            (int)Integer("SELECT count(*) FROM holds WHERE NOT EXISTS(SELECT 1 FROM receipts r WHERE r.request = holds.request)"),
            uint.TryParse(Meta("boot"), CultureInfo.InvariantCulture, out var boot) ? boot : 0,
            Address.TryParse(Meta("node"), out var node) ? node : null);
    }

    /// <summary>Receipts in falling order of sequence.</summary>
    /// <param name="before">Only smaller sequence numbers; null starts at the newest.</param>
    /// <param name="limit">At most so many, up to <see cref="PageSize"/>.</param>
    /// <param name="caller">Only this caller's; null for all.</param>
    public IReadOnlyList<StoredReceipt> Latest(ulong? before, int limit, string? caller = null)
    {
        // Most receipts are of no key: those are read in their order, the others through their index.
        var filter = caller switch { null => "", "" => "AND caller = ''", _ => "AND caller = ?3 AND caller <> ''" };
        var rows = _connection.Prepare($"SELECT {StoredReceipt.Columns} FROM receipts WHERE sequence < ?1 {filter} ORDER BY sequence DESC LIMIT ?2")
            .Bind(1, (long)Math.Min(before ?? long.MaxValue, long.MaxValue)).Bind(2, Math.Clamp(limit, 1, PageSize));
        return Read(string.IsNullOrEmpty(caller) ? rows : rows.Bind(3, caller));
    }

    /// <summary>Receipts in rising order, from a sequence number on; at most <see cref="PageSize"/>.</summary>
    public IReadOnlyList<StoredReceipt> From(ulong sequence, int limit = PageSize) => Read(
        _connection.Prepare($"SELECT {StoredReceipt.Columns} FROM receipts WHERE sequence >= ?1 ORDER BY sequence LIMIT ?2")
            .Bind(1, (long)sequence).Bind(2, Math.Clamp(limit, 1, PageSize)));

    public StoredReceipt? Find(Bytes32 request) => Read(
        _connection.Prepare($"SELECT {StoredReceipt.Columns} FROM receipts WHERE request = ?1").Bind(1, request.AsSpan())).SingleOrDefault();

    public StoredReceipt? Find(ulong sequence) => From(sequence, 1) is [var found] && found.Sequence == sequence ? found : null;

    /// <summary>The salts and the replay record of a receipt; null once forgotten.</summary>
    /// <exception cref="FormatException">The row is damaged.</exception>
    public ReceiptSalts? Salts(Bytes32 request)
    {
        var row = _connection.Prepare("SELECT prompt, completion, execution, record FROM salts WHERE sequence = (SELECT sequence FROM receipts WHERE request = ?1)").Bind(1, request.AsSpan());
        if (!row.Step())
        {
            return null;
        }

        var (prompt, completion, execution, record) = (row.Blob(0), row.Blob(1), row.Blob(2), row.Text(3));
        row.Reset();
        return prompt.Length == Bytes32.Size && completion.Length == Bytes32.Size && execution.Length == Bytes32.Size
            ? new ReceiptSalts(new(prompt), new(completion), new(execution), record)
            : throw new FormatException($"The salts of request {request} are damaged: they are not 32 bytes long.");
    }

    /// <summary>Batches in rising order, from a number on; at most <see cref="PageSize"/>.</summary>
    /// <exception cref="FormatException">A row is damaged; the message names it.</exception>
    public IReadOnlyList<StoredBatch> Batches(ulong from, int limit = PageSize)
    {
        var rows = _connection.Prepare($"SELECT {StoredBatch.Columns} FROM batches WHERE batch >= ?1 ORDER BY batch LIMIT ?2")
            .Bind(1, (long)from).Bind(2, Math.Clamp(limit, 1, PageSize));
        return ReadBatches(rows);
    }

    /// <summary>Batches in falling order; at most <see cref="PageSize"/>.</summary>
    /// <exception cref="FormatException">A row is damaged; the message names it.</exception>
    public IReadOnlyList<StoredBatch> LatestBatches(ulong? before, int limit) => ReadBatches(
        _connection.Prepare($"SELECT {StoredBatch.Columns} FROM batches WHERE batch < ?1 ORDER BY batch DESC LIMIT ?2")
            .Bind(1, (long)Math.Min(before ?? long.MaxValue, long.MaxValue)).Bind(2, Math.Clamp(limit, 1, PageSize)));

    /// <summary>The batch that a receipt is in; null while it is open.</summary>
    /// <exception cref="FormatException">The batch's row is damaged.</exception>
    public StoredBatch? BatchOf(ulong sequence)
    {
        var rows = _connection.Prepare($"SELECT {StoredBatch.Columns} FROM batches WHERE first <= ?1 ORDER BY first DESC LIMIT 1").Bind(1, (long)sequence);
        return ReadBatches(rows) is [var found] && sequence < found.Batch.FirstSequence + found.Batch.Count ? found : null;
    }

    /// <summary>A tariff by its struct hash; null if the ledger has none.</summary>
    /// <exception cref="FormatException">The row is damaged.</exception>
    public Tariff? Tariff(Bytes32 hash) => FindByHash<Tariff>("tariffs", hash);

    /// <summary>A schedule by its struct hash; null if the ledger has none.</summary>
    /// <exception cref="FormatException">The row is damaged.</exception>
    public Schedule? Schedule(Bytes32 hash) => FindByHash<Schedule>("schedules", hash);

    /// <summary>SQLite's own check of the file's structure; null if it is in order.</summary>
    /// <param name="full">Also every index entry against its row: about 4 s a million receipts, otherwise 0.5 s.</param>
    public string? StructureProblem(bool full)
    {
        try
        {
            var verdict = _connection.Scalar(full ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)");
            return verdict == "ok" ? null : verdict;
        }
        catch (SqliteException e)
        {
            return e.Message;
        }
    }

    public void Dispose() => _connection.Dispose();

    private static List<StoredReceipt> Read(SqliteStatement rows)
    {
        var receipts = new List<StoredReceipt>();
        while (rows.Step())
        {
            receipts.Add(StoredReceipt.Read(rows));
        }

        return receipts;
    }

    private static List<StoredBatch> ReadBatches(SqliteStatement rows)
    {
        try
        {
            var batches = new List<StoredBatch>();
            while (rows.Step())
            {
                batches.Add(StoredBatch.Read(rows));
            }

            return batches;
        }
        finally
        {
            rows.Reset();
        }
    }

    private T? FindByHash<T>(string table, Bytes32 hash)
        where T : class, ITypedStruct<T>, new()
    {
        var row = _connection.Prepare($"SELECT body FROM {table} WHERE hash = ?1").Bind(1, hash.AsSpan());
        if (!row.Step())
        {
            return null;
        }

        var body = row.Blob(0);
        row.Reset();
        var value = TypedStruct.FromBytes<T>(body);
        return TypedStruct.Hash(value) == hash ? value : throw new FormatException($"The row {hash} of {table} is damaged: its hash doesn't hold.");
    }

    private long Integer(string sql)
    {
        var row = _connection.Prepare(sql);
        row.Step();
        var value = row.Integer(0);
        row.Reset();
        return value;
    }

    private string? Meta(string key)
    {
        var row = _connection.Prepare("SELECT value FROM meta WHERE key = ?1").Bind(1, key);
        var value = row.Step() ? row.Text(0) : null;
        row.Reset();
        return value;
    }
}

/// <summary>The ledger in a few figures.</summary>
/// <param name="Receipts">The last sequence number.</param>
/// <param name="Batches">The last batch's number; after a rollback was accepted, the network's.</param>
/// <param name="Open">Receipts in no batch yet.</param>
/// <param name="Holds">Requests that run now.</param>
/// <param name="Boot">How often the node has started.</param>
/// <param name="Node">The node's address; null before its first key.</param>
public sealed record LedgerSummary(ulong Receipts, ulong Batches, ulong Open, int Holds, uint Boot, Address? Node);

/// <summary>What opens a receipt's commitments.</summary>
public sealed record ReceiptSalts(Bytes32 Prompt, Bytes32 Completion, Bytes32 Execution, string ExecutionRecord);
