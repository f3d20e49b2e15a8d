using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;
using OffLM.Fleet.Verification;

namespace OffLM.Fleet.Store;

/// <summary>The batches that were judged, each with the message that it came in.</summary>
internal sealed class BatchTable(SqliteConnection connection)
{
    private const string Columns =
        "id, chain, number, hash, node, link, verdict, kind, reason, collector, signature, first, count, hidden, sums, received, settlement";

    public BatchRow? Find(Bytes32 hash) =>
        connection.Prepare($"SELECT {Columns} FROM batches WHERE hash = ?1").Bind(1, hash.AsSpan()).First(Read);

    /// <summary>The chain's batch with a number.</summary>
    public BatchRow? FindLink(long chain, ulong number) =>
        connection.Prepare($"SELECT {Columns} FROM batches WHERE chain = ?1 AND number = ?2 AND link = 1").Bind(1, chain).Bind(2, (long)number).First(Read);

    /// <summary>How many stand beside a chain.</summary>
    public long CountBeside(long chain) => connection.Prepare("SELECT count(*) FROM batches WHERE chain = ?1 AND link = 0").Bind(1, chain).Number();

    /// <summary>Adds a batch; its id is given here.</summary>
    public void Add(BatchRow batch, ReadOnlySpan<byte> message)
    {
        connection.Prepare(
            """
            INSERT INTO batches(chain, number, hash, node, link, verdict, kind, reason, collector, signature, first, count, hidden, sums, received)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
            """)
            .Bind(1, batch.Chain).Bind(2, (long)batch.Number).Bind(3, batch.Hash.AsSpan()).Bind(4, batch.Node.AsSpan()).Bind(5, batch.IsLink ? 1 : 0)
            .Bind(6, (long)batch.Verdict).Bind(7, (long)(batch.Refusal?.Kind ?? RefusalKind.None)).Bind(8, batch.Refusal?.Reason ?? "")
            .Bind(9, batch.Collector.AsSpan()).Bind(10, batch.Signature.AsSpan()).Bind(11, (long)batch.FirstSequence).Bind(12, batch.Count)
            .Bind(13, batch.Hidden).Bind(14, batch.Sums.ToBytes()).Bind(15, batch.Received).Run();
        connection.Prepare("INSERT INTO evidence(id, message) VALUES(last_insert_rowid(), ?1)").Bind(1, message).Run();
    }

    /// <summary>Takes out a batch that is judged anew.</summary>
    public void Remove(BatchRow batch)
    {
        connection.Prepare("DELETE FROM evidence WHERE id = ?1").Bind(1, batch.Id).Run();
        connection.Prepare("DELETE FROM batches WHERE id = ?1").Bind(1, batch.Id).Run();
    }

    /// <summary>The message that a batch came in; null if it is missing.</summary>
    public byte[]? Evidence(long id) => connection.Prepare("SELECT message FROM evidence WHERE id = ?1").Bind(1, id).First(row => row.Blob(0));

    /// <summary>A chain's batches in order, those beside it last; at most <paramref name="limit"/>, after a place in that order.</summary>
    public IReadOnlyList<BatchRow> Links(long chain, ulong after, int limit) =>
        connection.Prepare($"SELECT {Columns} FROM batches WHERE chain = ?1 AND link = 1 AND number > ?2 ORDER BY number LIMIT ?3")
            .Bind(1, chain).Bind(2, (long)after).Bind(3, limit).All(Read);

    public IReadOnlyList<BatchRow> Beside(long chain) =>
        connection.Prepare($"SELECT {Columns} FROM batches WHERE chain = ?1 AND link = 0 ORDER BY id").Bind(1, chain).All(Read);

    /// <summary>Batches judged after another, in order of judgement.</summary>
    public IReadOnlyList<BatchRow> JudgedAfter(long id, int limit) =>
        connection.Prepare($"SELECT {Columns} FROM batches WHERE id > ?1 ORDER BY id LIMIT ?2").Bind(1, id).Bind(2, limit).All(Read);

    public long LastId() => connection.Prepare("SELECT coalesce(max(id), 0) FROM batches").Number();

    private static BatchRow Read(SqliteStatement row)
    {
        var kind = (RefusalKind)row.Integer(7);
        return new(
            row.Integer(0), row.Integer(1), (ulong)row.Integer(2), row.Hash(3), row.Address(4), row.Integer(5) == 1, (Verdict)row.Integer(6),
            kind == RefusalKind.None ? null : new(kind, row.Text(8)), row.Address(9), row.Signature(10), (ulong)row.Integer(11), (uint)row.Integer(12),
            (uint)row.Integer(13), Sums.FromBytes(row.Blob(14)), row.Integer(15), row.IsNull(16) ? null : row.Integer(16));
    }
}
