using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Documents;

/// <summary>What was written.</summary>
/// <param name="FirstBatch">The number of the first batch; after a rollback, unless an earlier one was asked for, of the first behind it.</param>
/// <param name="Batches">Signed batches.</param>
/// <param name="Receipts">Receipts written out.</param>
/// <param name="Hidden">Receipts written as leaf hashes.</param>
/// <param name="Damaged">Sequence numbers whose rows are damaged or missing. The document will not verify there.</param>
/// <param name="MissingTariffs">Tariffs that receipts name and the ledger doesn't have. The document will not verify without them.</param>
public sealed record ExportSummary(
    ulong FirstBatch, ulong Batches, ulong Receipts, ulong Hidden, IReadOnlyList<ulong> Damaged, IReadOnlyList<Bytes32> MissingTariffs);
