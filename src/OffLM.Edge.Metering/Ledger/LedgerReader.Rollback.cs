namespace OffLM.Edge.Metering;

/// <summary>What a reader can know of rollbacks.</summary>
public sealed partial class LedgerReader
{
    /// <summary>Evidence that this ledger was restored from an old copy, and that its owner has not accepted: nothing is signed meanwhile. Null if there is none.</summary>
    /// <exception cref="FormatException">The row is damaged.</exception>
    public RollbackEvidence? RollbackEvidence() =>
        Metering.RollbackEvidence.First(_connection.Prepare($"SELECT {Metering.RollbackEvidence.Columns} FROM rollbacks WHERE accepted = 0"));

    /// <summary>Signatures of a card that nothing in this ledger explains, and that its owner has not accepted: nothing is signed meanwhile. Null if there are none.</summary>
    public KeyEvent? CounterGap() => Ledger.PendingGap(_connection);

    /// <summary>What moved cards' counters and is no batch, the newest first.</summary>
    /// <param name="limit">How many at most.</param>
    public IReadOnlyList<KeyEvent> KeyEvents(int limit)
    {
        var events = new List<KeyEvent>();
        var rows = _connection.Prepare($"SELECT {KeyEvent.Columns} FROM key_events ORDER BY id DESC LIMIT ?1").Bind(1, limit);
        while (rows.Step())
        {
            if (KeyEvent.TryRead(rows) is { } moved)
            {
                events.Add(moved);
            }
        }

        return events;
    }

    /// <summary>The rollbacks that were accepted, in their order. After each, batches follow the network's and not the ledger's own.</summary>
    /// <exception cref="FormatException">A row is damaged.</exception>
    public IReadOnlyList<RollbackEvidence> AcceptedRollbacks()
    {
        var accepted = new List<RollbackEvidence>();
        for (var batch = -1L; Metering.RollbackEvidence.First(
            _connection.Prepare($"SELECT {Metering.RollbackEvidence.Columns} FROM rollbacks WHERE accepted = 1 AND batch > ?1 ORDER BY batch LIMIT 1")
                .Bind(1, batch)) is { } next; batch = (long)next.Batch)
        {
            accepted.Add(next);
        }

        return accepted;
    }

    /// <summary>Receipts up to this number that are in no batch were passed over by a rollback: the network has others in their place. 0 without one.</summary>
    public ulong RolledBackTo() => (ulong)Integer("SELECT coalesce((SELECT sequence FROM rollbacks WHERE accepted = 1 ORDER BY batch DESC LIMIT 1), 0)");

    /// <summary>How far a receipt has come; null while it is open.</summary>
    /// <exception cref="FormatException">Its batch's row is damaged.</exception>
    public BatchState? StateOf(ulong sequence) => BatchOf(sequence)?.State ?? (sequence <= RolledBackTo() ? BatchState.Refused : null);

    /// <summary>
    /// Batches that were signed and had to make room for others with their numbers, in the order in which that happened; at most
    /// <see cref="PageSize"/>. Damaged ones are passed over.
    /// </summary>
    public IReadOnlyList<StoredBatch> Forks() =>
        ReadIntact(_connection.Prepare($"SELECT {StoredBatch.Columns} FROM forks ORDER BY id"), PageSize);
}
