using OffLM.Edge.Metering.Interop.Sqlite;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>
/// A card counts its signatures, and nothing can turn that back. The ledger knows each that it asked for; if the card has made others, the ledger
/// was restored from an old copy, or somebody else has used the key.
/// </summary>
public sealed partial class Ledger
{
    /// <summary>
    /// Compares a card's counter with what is known of it. One further than known is explained where a signature was asked for whose answer never
    /// came: that is written down. Any other difference is kept as unexplained, and nothing is signed until the owner accepts it.
    /// </summary>
    /// <param name="node">The card's address.</param>
    /// <param name="counter">Its counter as just read.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <returns>The difference that nothing explains; null if all is well.</returns>
    /// <exception cref="LedgerFullException">The disk is full.</exception>
    /// <exception cref="LedgerUnavailableException">The disk failed.</exception>
    public Task<KeyEvent?> ObserveCounterAsync(Address node, uint counter, ulong now) => _writer.CloseOutAsync(connection =>
    {
        var (known, gap) = (Known(connection, node), PendingGap(connection));
        if (gap is not null && (gap.Node != node || counter == gap.Found || counter == known?.Value))
        {
            // The owner has not decided yet. A card that is back where it should be doesn't undo that another stood in its place.
            return gap;
        }

        if (known is not { } before || (gap is null && counter == before.Value))
        {
            // A card that is new here, or one that did nothing meanwhile.
            return null;
        }

        if (gap is null && before.Asked && counter == before.Value + 1)
        {
            if (AskedBatch(connection, node, before.Value) is { } batch)
            {
                new KeyEvent(KeyEventKind.LostSignature, node, before.Value, counter, batch, "", now).Store(connection);
            }

            new KnownCounter(counter, Asked: false).Store(connection, node);
            return null;
        }

        connection.Prepare("DELETE FROM key_events WHERE kind = ?1").Bind(1, (long)KeyEventKind.Unexplained).Run();
        gap = new KeyEvent(KeyEventKind.Unexplained, node, before.Value, counter, 0, "", now);
        gap.Store(connection);
        return gap;
    });

    /// <summary>Says that a test signature will be asked for, so that it is explained afterwards.</summary>
    /// <param name="node">The card's address.</param>
    /// <param name="counter">Its counter as just read, and observed.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <exception cref="LedgerRolledBackException">The counter is not where it should be.</exception>
    public Task AnnounceTestAsync(Address node, uint counter, ulong now) => _writer.RunAsync(connection =>
    {
        RequireNoRollback(connection);
        RequireCounter(connection, node, counter);
        new KeyEvent(KeyEventKind.Test, node, counter, counter + 1, 0, "", now).Store(connection);
        new KnownCounter(counter, Asked: true).Store(connection, node);

        // The intent that a crash may have left was not signed, or was observed to be: what comes now is the test's.
        connection.Execute("DELETE FROM intents");
        return true;
    });

    /// <summary>Goes on from where the card is. The owner's reason is kept, and a void receipt that names it is signed with the next batch.</summary>
    /// <param name="reason">Why that is all right, in the owner's words.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <returns>How it goes on; null if nothing is unexplained.</returns>
    /// <exception cref="ArgumentException">No reason was given.</exception>
    public Task<AcceptedRollback?> AcceptGapAsync(string reason, ulong now)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        return _writer.RunAsync<AcceptedRollback?>(connection =>
        {
            if (PendingGap(connection) is not { } gap)
            {
                return null;
            }

            var accepted = gap with { Kind = KeyEventKind.Accepted, Reason = reason, At = now };
            connection.Prepare("DELETE FROM key_events WHERE kind = ?1").Bind(1, (long)KeyEventKind.Unexplained).Run();
            accepted.Store(connection);
            new KnownCounter(gap.Found, Asked: false).Store(connection, gap.Node);
            connection.Execute("DELETE FROM intents");
            var record = new CounterGap { Node = gap.Node, Expected = gap.Expected, Found = gap.Found, Reason = reason, AcceptedAt = now };
            Append(connection, "", VoidReceipt(Bytes32.Random()) with { Extension = TypedStruct.Hash(record) });
            var end = End(connection);
            return new AcceptedRollback(end.Batch + 1, end.NextSequence, 0, 0) { Gap = accepted };
        });
    }

    internal static KeyEvent? PendingGap(SqliteConnection connection)
    {
        var row = connection.Prepare($"SELECT {KeyEvent.Columns} FROM key_events WHERE kind = ?1 ORDER BY id DESC LIMIT 1").Bind(1, (long)KeyEventKind.Unexplained);
        try
        {
            return row.Step() ? KeyEvent.TryRead(row) : null;
        }
        finally
        {
            row.Reset();
        }
    }

    /// <exception cref="LedgerRolledBackException">A card's counter is known, and elsewhere.</exception>
    private static void RequireCounter(SqliteConnection connection, Address node, uint counter)
    {
        if (Known(connection, node) is { } known && known.Value != counter)
        {
            throw LedgerRolledBackException.ByCounter(known.Value, counter);
        }
    }

    /// <summary>What is known of a card's counter; null of a card that is new here. A damaged row is replaced by what the last batch says.</summary>
    private static KnownCounter? Known(SqliteConnection connection, Address node)
    {
        var row = connection.Prepare($"SELECT {KnownCounter.Columns} FROM key_counters WHERE node = ?1").Bind(1, node.AsSpan());
        var present = row.Step();
        var known = present ? KnownCounter.TryRead(row) : null;
        row.Reset();
        return !present || known is not null ? known
            : Tip(connection) is { Batch: { KeyClass: KeyClass.SmartCard } batch } && batch.Node == node ? new(batch.KeyCounter + 1, Asked: true)
            : null;
    }

    /// <summary>The batch that this card was asked to sign at this counter; null if it was none.</summary>
    private static ulong? AskedBatch(SqliteConnection connection, Address node, uint counter) =>
        Intent(connection) is { KeyClass: KeyClass.SmartCard } intent && intent.Node == node && intent.KeyCounter == counter ? intent.Batch : null;
}
