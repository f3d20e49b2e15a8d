namespace OffLM.Edge.Signing.Cards.Ccid;

/// <summary>What went wrong on the way to a USB device.</summary>
internal enum PipeFault
{
    /// <summary>Nothing came in time.</summary>
    TimedOut,

    /// <summary>The endpoint is halted: the device didn't like what it got.</summary>
    Stalled,

    /// <summary>The device sent more than was asked for, or the transfer failed otherwise.</summary>
    Failed,

    /// <summary>The device is unplugged.</summary>
    Gone,
}
