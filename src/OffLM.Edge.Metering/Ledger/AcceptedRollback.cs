namespace OffLM.Edge.Metering;

/// <summary>How a ledger goes on after a rollback.</summary>
/// <param name="NextBatch">The number of the next batch, the one after the network's last.</param>
/// <param name="NextSequence">The sequence number of its first receipt.</param>
/// <param name="RefusedBatches">Batches of the ledger that the network has others for.</param>
/// <param name="RefusedReceipts">Receipts that the network has others for: they stay readable, and count for nothing.</param>
public sealed record AcceptedRollback(ulong NextBatch, ulong NextSequence, int RefusedBatches, ulong RefusedReceipts)
{
    /// <summary>The difference of a card's counter that the owner accepted, with the reason; null if there was none.</summary>
    public KeyEvent? Gap { get; init; }
}
