namespace OffLM.Fleet.Verification;

/// <summary>What is added up. Stored in this order: new ones go to the end.</summary>
internal enum Figure
{
    Receipts,
    PromptTokens,
    CachedTokens,
    CompletionTokens,

    /// <summary>Measured, in microjoules above the idle draw.</summary>
    Energy,

    /// <summary>Simulated, in microjoules.</summary>
    SimulatedEnergy,

    /// <summary>What payers owe, in atto, as all that follow: the next five are its parts.</summary>
    Fees,
    Provider,
    Model,
    Stakers,
    Contributors,
    Platform,

    /// <summary>Parts of the platform fee by the tariff's schedule. Without one the platform fee stays whole.</summary>
    PlatformProviders,
    PlatformValidators,
    PlatformBurn,
    PlatformTreasury,
}
