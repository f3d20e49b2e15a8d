using OffLM.Edge.Metering.Tariffs;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Fleet.Tests.Support;

/// <summary>The tariffs that most tests use.</summary>
internal static class Prices
{
    public static readonly Schedule Schedule = Schedule.Depin;

    /// <summary>The golden case of the economics: 0.2 in, 0.4 out, 0.5 flat, in OFFLM.</summary>
    public static readonly Tariff Paid = new()
    {
        Currency = Keccak256.Hash("OFFLM"u8),
        Input = 200_000_000_000_000_000,
        CachedInput = 50_000_000_000_000_001,
        Output = 400_000_000_000_000_003,
        Flat = 500_000_000_000_000_000,
        Model = 7000,
        Stakers = 1000,
        Contributors = 2000,
        Schedule = TypedStruct.Hash(Schedule),
        NetworkFee = 500,
        BuilderFee = 1500,
        Version = 1,
    };

    public static readonly Bytes32 PaidHash = TypedStruct.Hash(Paid);

    public static readonly Bytes32 FreeHash = TypedStruct.Hash(Tariff.Free);

    public static readonly IReadOnlyDictionary<Bytes32, Tariff> ByHash = new Dictionary<Bytes32, Tariff> { [PaidHash] = Paid, [FreeHash] = Tariff.Free };
}
