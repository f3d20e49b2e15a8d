namespace OffLM.Edge.Network;

/// <summary>What leaves the box of the household's own use: receipts without fee, payer and builder.</summary>
public enum OwnUse
{
    /// <summary>Only that it was: a receipt's leaf hash.</summary>
    Leaf,

    /// <summary>The receipts themselves, and their tokens in the telemetry's totals.</summary>
    Full,
}
