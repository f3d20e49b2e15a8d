using System.Globalization;

namespace OffLM.Edge.Metering;

/// <summary>What kind of thing a check found wrong.</summary>
public enum LedgerPart
{
    /// <summary>The file's structure.</summary>
    File,
    Receipt,
    Batch,
    Hold,
    Checkpoint,
    Tariff,
    Schedule,
    Credit,
    Salts,
    Intent,

    /// <summary>Evidence of a rollback, or one that was accepted.</summary>
    Rollback,

    /// <summary>A card's signature counter.</summary>
    Counter,
}

/// <summary>What <see cref="Ledger.RepairAsync"/> does about a finding.</summary>
public enum Remedy
{
    /// <summary>Nothing: a person must decide.</summary>
    None,

    /// <summary>An open receipt is restored where its content still has its leaf's hash, else becomes void.</summary>
    MendOpenReceipt,

    /// <summary>A signed receipt is restored, or collapses to its leaf, where the batch's signature proves it.</summary>
    MendSignedReceipt,

    /// <summary>A batch's row is written again from its content, which its signature proves.</summary>
    RewriteBatch,

    /// <summary>What a caller has spent is added up again from the receipts.</summary>
    RecountSpent,
}

/// <summary>One thing that is wrong, and what to do about it.</summary>
/// <param name="Part">Where.</param>
/// <param name="Number">A receipt's or batch's number; 0 for others.</param>
/// <param name="Key">A request, a hash or a caller, for rows that have no number.</param>
/// <param name="Problem">What is wrong.</param>
/// <param name="Advice">What to do.</param>
/// <param name="Remedy">What the repair does by itself.</param>
public sealed record LedgerFinding(LedgerPart Part, ulong Number, string Key, string Problem, string Advice, Remedy Remedy)
{
    /// <summary>For example <c>receipt 17: its checksum doesn't hold; collapses to its leaf.</c></summary>
    public override string ToString()
    {
        var name = Part == LedgerPart.File ? "ledger"
            : $"{Part.ToString().ToLowerInvariant()} {(Number > 0 ? Number.ToString(CultureInfo.InvariantCulture) : Key)}";
        return $"{name}: {Problem}; {Advice}.";
    }
}
