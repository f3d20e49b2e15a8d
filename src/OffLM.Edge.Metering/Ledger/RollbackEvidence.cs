using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>
/// A collector's signed word that the network has settled a batch of this node which this ledger does not have: the state directory was
/// restored from an old copy.
/// </summary>
/// <param name="Acknowledgement">What was signed: the batch's number, its hash, and that it is settled.</param>
/// <param name="Signature">The collector's.</param>
/// <param name="Domain">The network that it was signed for.</param>
/// <param name="LastSequence">The last receipt in that batch. Not signed, but held against what is known.</param>
/// <param name="At">Unix milliseconds when it came, or was accepted.</param>
public sealed record RollbackEvidence(
    Acknowledgement Acknowledgement, RecoverableSignature Signature, TypedDomain Domain, ulong LastSequence, ulong At)
{
    internal const string Columns = "batch, body, signature, chain, contract, sequence, own, at, crc";

    /// <summary>The newest batch that the network is known to have.</summary>
    public ulong Batch => Acknowledgement.Batch;

    /// <summary>Whose signature it is.</summary>
    public Address? Collector => Signature.Recover(Domain.Digest(TypedStruct.Hash(Acknowledgement)));

    /// <summary>The last receipt of its own that the ledger had up to <see cref="LastSequence"/> when it was accepted; 0 before.</summary>
    internal ulong OwnLast { get; init; }

    internal void Store(SqliteConnection connection, bool accepted)
    {
        var (body, contract) = (TypedStruct.ToBytes(Acknowledgement), Domain.VerifyingContract);
        connection.Prepare(
            """
            INSERT OR REPLACE INTO rollbacks(accepted, batch, body, signature, chain, contract, sequence, own, at, crc)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            """)
            .Bind(1, accepted ? 1 : 0).Bind(2, (long)Batch).Bind(3, body).Bind(4, Signature.AsSpan()).Bind(5, (long)Domain.ChainId)
            .Bind(6, contract.AsSpan()).Bind(7, (long)LastSequence).Bind(8, (long)OwnLast).Bind(9, (long)At)
            .Bind(10, Checksum((long)Batch, body, Signature.AsSpan(), (long)Domain.ChainId, contract.AsSpan(), (long)LastSequence, (long)OwnLast, (long)At)).Run();
    }

    /// <summary>Reads the statement's current row, selected with <see cref="Columns"/>; null if it is damaged.</summary>
    internal static RollbackEvidence? TryRead(SqliteStatement row)
    {
        var (batch, body, signature, chain, contract) = (row.Integer(0), row.Blob(1), row.Blob(2), row.Integer(3), row.Blob(4));
        var (sequence, own, at) = (row.Integer(5), row.Integer(6), row.Integer(7));
        return row.Integer(8) == Checksum(batch, body, signature, chain, contract, sequence, own, at)
            ? new(TypedStruct.FromBytes<Acknowledgement>(body), new(signature), TypedDomain.Receipts((ulong)chain, new(contract)), (ulong)sequence, (ulong)at) { OwnLast = (ulong)own }
            : null;
    }

    /// <summary>The first row of a query; null if there is none.</summary>
    /// <exception cref="FormatException">The row is damaged.</exception>
    internal static RollbackEvidence? First(SqliteStatement row)
    {
        try
        {
            return !row.Step() ? null : TryRead(row)
                ?? throw new FormatException($"The row of the rollback to batch {row.Integer(0)} is damaged: its checksum doesn't hold. Run ledger check.");
        }
        finally
        {
            row.Reset();
        }
    }

    private static long Checksum(
        long batch, ReadOnlySpan<byte> body, ReadOnlySpan<byte> signature, long chain, ReadOnlySpan<byte> contract, long sequence, long own, long at) =>
        new RowChecksum().Add(batch).Add(body).Add(signature).Add(chain).Add(contract).Add(sequence).Add(own).Add(at).Value;
}
