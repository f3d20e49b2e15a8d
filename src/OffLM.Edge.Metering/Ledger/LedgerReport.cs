namespace OffLM.Edge.Metering;

/// <summary>What a check found.</summary>
/// <param name="Findings">What is wrong, at most <see cref="MaxFindings"/>; empty if all is well.</param>
/// <param name="Receipts">How many receipts were looked at.</param>
/// <param name="Batches">How many batches were looked at.</param>
public sealed record LedgerReport(IReadOnlyList<LedgerFinding> Findings, ulong Receipts, ulong Batches)
{
    /// <summary>Bounds the memory that the report on a wrecked file takes; who has as many needs a copy, not a longer list.</summary>
    public const int MaxFindings = 1000;

    /// <summary>True if nothing is wrong.</summary>
    public bool IsSound => Findings.Count == 0;
}

/// <summary>How far a full check has come.</summary>
/// <param name="Receipts">Receipts looked at.</param>
/// <param name="Total">Of so many.</param>
public readonly record struct LedgerCheckProgress(ulong Receipts, ulong Total);
