namespace OffLM.Edge.Metering;

/// <summary>What became of a verdict that may be evidence of a rollback.</summary>
public enum EvidenceResult
{
    /// <summary>It is evidence, and newer than what was known: nothing is signed until it is accepted.</summary>
    Recorded,

    /// <summary>It says no more than what is known already.</summary>
    Known,

    /// <summary>The ledger has that very batch: nothing was rolled back.</summary>
    NoRollback,

    /// <summary>It can't be true beside what was settled here: the last sequence is out of reach, or the ledger's other batch of that number, or a later one, is settled.</summary>
    Contradiction,
}
