using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering;

/// <summary>
/// A receipt closes its hold by being there; the hold's row goes with a later commit that writes the same page anyway. Deleting it with the
/// receipt would make every receipt write three pages more.
/// </summary>
public sealed partial class Ledger
{
    /// <summary>Rows that one new hold clears away: more than one, so that a burst of receipts is soon forgotten.</summary>
    private const int SweptByOneHold = 4;

    /// <summary>
    /// Holds that have their receipts, unless the commit failed. For the writer's thread. What a crash leaves is swept by
    /// <see cref="RecoverAsync"/>.
    /// </summary>
    private readonly Queue<Bytes32> _closedHolds = [];

    /// <summary>Deletes some. Each is forgotten only once it is seen to be gone: this transaction may fail too.</summary>
    private void SweepHolds(SqliteConnection connection)
    {
        for (var i = Math.Min(_closedHolds.Count, SweptByOneHold); i > 0; i--)
        {
            var request = _closedHolds.Dequeue();
            if (!HasHold(connection, request.AsSpan()))
            {
                continue;
            }

            _closedHolds.Enqueue(request);
            if (HasReceipt(connection, request.AsSpan()))
            {
                DeleteHold(connection, request.AsSpan());
            }
        }
    }

    private static void DeleteHold(SqliteConnection connection, ReadOnlySpan<byte> request)
    {
        connection.Prepare("DELETE FROM holds WHERE request = ?1").Bind(1, request).Run();
        connection.Prepare("DELETE FROM checkpoints WHERE request = ?1").Bind(1, request).Run();
    }

    private static bool HasHold(SqliteConnection connection, ReadOnlySpan<byte> request) =>
        Exists(connection.Prepare("SELECT 1 FROM holds WHERE request = ?1"), request);

    private static bool HasReceipt(SqliteConnection connection, ReadOnlySpan<byte> request) =>
        Exists(connection.Prepare("SELECT 1 FROM receipts WHERE request = ?1"), request);

    private static bool Exists(SqliteStatement row, ReadOnlySpan<byte> request)
    {
        var found = row.Bind(1, request).Step();
        row.Reset();
        return found;
    }
}
