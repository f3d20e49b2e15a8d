using OffLM.Edge.Metering.Batches;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>Where a batch is on its way.</summary>
public enum BatchState : byte
{
    Signed = 0,
    Sent = 1,
    Settled = 2,
    Refused = 3,
}

/// <summary>A signed batch as the ledger keeps it.</summary>
/// <param name="Batch">What was signed.</param>
/// <param name="Hash">Its struct hash.</param>
/// <param name="Signature">By the key of <see cref="ReceiptBatch.Node"/>.</param>
/// <param name="Domain">The network it was signed for.</param>
/// <param name="State">Where it is on its way.</param>
/// <param name="Reason">For a refusal, why.</param>
/// <param name="ChangedAt">Unix milliseconds of the last change of state.</param>
public sealed record StoredBatch(
    ReceiptBatch Batch, Bytes32 Hash, RecoverableSignature Signature, TypedDomain Domain, BatchState State, string Reason, ulong ChangedAt)
{
    internal const string Columns = "batch, body, hash, signature, chain, contract, state, reason, changed, crc, first, count";

    internal long Checksum() => Checksum(
        Batch.Batch, TypedStruct.ToBytes(Batch), Hash.AsSpan(), Signature.AsSpan(), (long)Domain.ChainId, Domain.VerifyingContract.AsSpan(),
        (long)State, Reason, (long)ChangedAt);

    /// <exception cref="FormatException">The row is damaged; the message names it.</exception>
    internal static StoredBatch Read(SqliteStatement row) =>
        TryRead(row, out var damage) ?? throw new FormatException($"The row of batch {row.Integer(0)} is damaged: {damage}. Run ledger check.");

    /// <summary>Reads the statement's current row, selected with <see cref="Columns"/>; null if it is damaged.</summary>
    internal static StoredBatch? TryRead(SqliteStatement row, out string? damage)
    {
        damage = null;
        var number = (ulong)row.Integer(0);
        var (body, hash, signature, chain, contract) = (row.Blob(1), row.Blob(2), row.Blob(3), row.Integer(4), row.Blob(5));
        var (state, reason, changed) = (row.Integer(6), row.Text(7), row.Integer(8));
        if (row.Integer(9) != Checksum(number, body, hash, signature, chain, contract, state, reason, changed))
        {
            damage = "its checksum doesn't hold";
            return null;
        }

        var batch = TypedStruct.FromBytes<ReceiptBatch>(body);
        if (batch.Batch != number || (long)batch.FirstSequence != row.Integer(10) || batch.Count != row.Integer(11))
        {
            damage = "its columns contradict what was signed";
            return null;
        }

        return new(batch, new(hash), new(signature), TypedDomain.Receipts((ulong)chain, new(contract)), (BatchState)state, reason, (ulong)changed);
    }

    private static long Checksum(
        ulong batch, ReadOnlySpan<byte> body, ReadOnlySpan<byte> hash, ReadOnlySpan<byte> signature, long chain, ReadOnlySpan<byte> contract,
        long state, string reason, long changed) =>
        new RowChecksum().Add((long)batch).Add(body).Add(hash).Add(signature).Add(chain).Add(contract).Add(state).Add(reason).Add(changed).Value;
}
