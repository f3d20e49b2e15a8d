namespace OffLM.Edge.Network.Verdicts;

/// <summary>Why a verdict was not taken.</summary>
internal enum RejectionKind
{
    /// <summary>It is no acknowledgement message, or no batch can be meant.</summary>
    Malformed,

    /// <summary>No key could have made its signature.</summary>
    BadSignature,

    /// <summary>Its signer is none of the trusted collectors. So is whatever was changed on the way: its signature leads to an address of nobody.</summary>
    UntrustedSigner,

    /// <summary>A trusted collector signed it for another network than the batch was signed for.</summary>
    OtherNetwork,

    /// <summary>It speaks of another node.</summary>
    OtherNode,

    /// <summary>It speaks of a batch that the ledger doesn't have.</summary>
    UnknownBatch,

    /// <summary>It speaks of another batch of the same number.</summary>
    OtherHash,

    /// <summary>It settles a batch that the ledger lacks: this box was restored from an old copy. Kept as evidence, for the owner to decide.</summary>
    RolledBack,

    /// <summary>It refuses what was settled.</summary>
    Contradiction,
}
