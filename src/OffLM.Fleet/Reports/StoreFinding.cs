using OffLM.Edge.Signing;

namespace OffLM.Fleet.Reports;

/// <summary>Something in the collector's database that doesn't hold.</summary>
/// <param name="Node">Whose; null for the database as a whole.</param>
/// <param name="Batch">The batch's number; null for the node as a whole.</param>
/// <param name="Message">What is there and what was expected.</param>
internal sealed record StoreFinding(Address? Node, ulong? Batch, string Message)
{
    public override string ToString() => (Node, Batch) switch
    {
        (null, _) => $"database: {Message}",
        ({ } node, null) => $"{node}: {Message}",
        ({ } node, { } batch) => $"{node}, batch {batch}: {Message}",
    };
}

/// <summary>What a check of the database found.</summary>
/// <param name="Batches">Settled batches.</param>
/// <param name="Receipts">Settled receipts.</param>
/// <param name="Refused">Refused batches.</param>
/// <param name="Settlements">Closed periods.</param>
/// <param name="Findings">What doesn't hold, as far as listed.</param>
/// <param name="FindingCount">All of it.</param>
internal sealed record StoreVerification(
    long Batches, long Receipts, long Refused, long Settlements, IReadOnlyList<StoreFinding> Findings, long FindingCount)
{
    public bool Holds => FindingCount == 0;
}
