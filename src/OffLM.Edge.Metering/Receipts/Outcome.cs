namespace OffLM.Edge.Metering.Receipts;

/// <summary>How a request ended.</summary>
public enum Outcome : byte
{
    None = 0,

    /// <summary>The model ended its answer, or a stop sequence did.</summary>
    Stop = 1,

    /// <summary>The token limit.</summary>
    Length = 2,

    /// <summary>The client cancelled or went away.</summary>
    Cancelled = 3,

    /// <summary>Power, crash or shutdown.</summary>
    Interrupted = 4,

    /// <summary>The payer's credit or quota ran out while running.</summary>
    LimitReached = 5,

    EngineError = 6,

    /// <summary>A row that can't be read any more; fee 0.</summary>
    Void = 7,
}

/// <summary>How much a time stamp is worth.</summary>
public enum ClockSource : byte
{
    Unsynchronised = 0,
    HardwareClock = 1,
    NetworkTime = 2,
}

/// <summary>Where a joule figure comes from.</summary>
public enum EnergySource : byte
{
    NotMeasured = 0,
    PowerRail = 1,

    /// <summary>Intel's and AMD's running average power limit counters.</summary>
    Rapl = 2,

    Simulated = 3,
}
