namespace OffLM.Edge.Metering;

/// <summary>What became of a verdict on a batch.</summary>
public enum Resolution
{
    /// <summary>The batch changed its state.</summary>
    Applied,

    /// <summary>The same verdict again.</summary>
    Unchanged,

    /// <summary>The ledger has no batch of this number.</summary>
    UnknownBatch,

    /// <summary>The ledger's batch of this number is another one.</summary>
    OtherHash,

    /// <summary>A refusal of a batch that was settled before; it stays settled.</summary>
    Contradiction,
}
