namespace OffLM.Edge.Metering.Documents;

/// <summary>Which receipts of an export are written out; the others are written as their leaf hashes.</summary>
public enum Disclosure
{
    /// <summary>All that the ledger still has: what the owner wants.</summary>
    Complete,

    /// <summary>All but the household's own use: what leaves the box.</summary>
    WithoutOwnUse,
}
