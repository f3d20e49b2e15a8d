using System.Buffers.Binary;
using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>What each caller has spent and may still owe.</summary>
public sealed partial class Ledger
{
    /// <summary>What the caller's running requests may cost. Damaged holds count nothing: they will be void.</summary>
    private static UInt128 OnHold(SqliteConnection connection, string caller)
    {
        var rows = connection.Prepare("SELECT request, body, crc FROM holds WHERE caller = ?1 AND NOT EXISTS(SELECT 1 FROM receipts r WHERE r.request = holds.request)").Bind(1, caller);
        UInt128 sum = 0;
        while (rows.Step())
        {
            var body = rows.Blob(1);
            if (rows.Integer(2) == HoldChecksum(rows.Blob(0), caller, body))
            {
                sum = SumOrMax(sum, TypedStruct.FromBytes<Hold>(body).Ceiling);
            }
        }

        return sum;
    }

    /// <exception cref="FormatException">The row is damaged.</exception>
    private static UInt128 Spent(SqliteConnection connection, string caller)
    {
        var row = connection.Prepare("SELECT spent, crc FROM credit WHERE caller = ?1").Bind(1, caller);
        if (!row.Step())
        {
            return 0;
        }

        var (spent, crc) = (row.Blob(0), row.Integer(1));
        row.Reset();
        return crc == SpentChecksum(caller, spent)
            ? BinaryPrimitives.ReadUInt128BigEndian(spent)
            : throw new FormatException($"The row of what '{caller}' has spent is damaged: its checksum doesn't hold. Run ledger check.");
    }

    /// <summary>Adds a fee to what the caller has spent. A damaged row is left for the repair: it must not keep a receipt from being stored.</summary>
    private static void AddSpent(SqliteConnection connection, string caller, UInt128 fee)
    {
        try
        {
            SetSpent(connection, caller, SumOrMax(Spent(connection, caller), fee));
        }
        catch (FormatException)
        {
            // The receipts are the record; from them the row is made anew.
        }
    }

    /// <summary>For comparing with a credit: a sum too large for any credit need not be exact.</summary>
    private static UInt128 SumOrMax(UInt128 a, UInt128 b) => UInt128.MaxValue - a < b ? UInt128.MaxValue : a + b;

    private static void SetSpent(SqliteConnection connection, string caller, UInt128 value)
    {
        Span<byte> spent = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(spent, value);
        connection.Prepare("INSERT INTO credit(caller, spent, crc) VALUES(?1, ?2, ?3) ON CONFLICT(caller) DO UPDATE SET spent = excluded.spent, crc = excluded.crc")
            .Bind(1, caller).Bind(2, spent).Bind(3, SpentChecksum(caller, spent)).Run();
    }

    internal static long SpentChecksum(string caller, ReadOnlySpan<byte> spent) => new RowChecksum().Add(caller).Add(spent).Value;

    /// <summary>
    /// Adds up what a caller has spent from the receipts. Where some have collapsed to their leaves the sum would fall short, and the row
    /// stays as it is unless it is damaged.
    /// </summary>
    private static void RecountSpent(SqliteConnection connection, string caller)
    {
        var indexed = caller.Length > 0 ? "AND caller <> ''" : "";
        var rows = connection.Prepare($"SELECT {StoredReceipt.Columns} FROM receipts WHERE caller = ?1 {indexed}").Bind(1, caller);
        var (sum, complete) = (UInt128.Zero, true);
        while (rows.Step())
        {
            var stored = StoredReceipt.Read(rows);
            sum = SumOrMax(sum, stored.Receipt?.Fee ?? 0);
            complete &= stored.Receipt is not null || stored.Damage is not null;
        }

        if (!complete && !IsSpentDamaged(connection, caller))
        {
            return;
        }

        SetSpent(connection, caller, sum);
    }

    private static bool IsSpentDamaged(SqliteConnection connection, string caller)
    {
        try
        {
            Spent(connection, caller);
            return false;
        }
        catch (FormatException)
        {
            return true;
        }
    }
}
