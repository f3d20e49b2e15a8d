using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Fleet.Verification;

/// <summary>What sums are kept apart by.</summary>
internal readonly record struct TotalKey(
    Address Node, Address Payer, Address Builder, Bytes32 Model, Bytes32 Adapter, Bytes32 Tariff, long Day, bool IsHidden)
{
    private const ulong MillisecondsPerDay = 86_400_000;

    /// <summary>Of a disclosed receipt; the day is that of its start, in UTC by the node's clock, counted from 1970.</summary>
    public static TotalKey Of(Address node, Receipt receipt) => new(
        node, receipt.Payer, receipt.Builder, receipt.Model, receipt.Adapter, receipt.Tariff, (long)(receipt.StartedAt / MillisecondsPerDay), false);

    /// <summary>Of receipts that came only as leaves: nothing is known of them but that they cost nothing.</summary>
    public static TotalKey Hidden(Address node) => new(node, default, default, default, default, default, 0, true);
}
