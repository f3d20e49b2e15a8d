using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Tariffs;

/// <summary>Who gets the platform fee, in basis points; together 10000.</summary>
public sealed record Schedule : ITypedStruct<Schedule>
{
    /// <summary>60 % providers, 15 % validators, 15 % burnt, 10 % treasury.</summary>
    public static readonly Schedule Depin = new() { Providers = 6000, Validators = 1500, Burn = 1500, Treasury = 1000 };

    /// <summary>25 % providers, 10 % validators, 50 % burnt, 15 % treasury.</summary>
    public static readonly Schedule BurnAndMint = new() { Providers = 2500, Validators = 1000, Burn = 5000, Treasury = 1500 };

    /// <summary>The ready-made schedules by the names that settings use.</summary>
    public static IReadOnlyDictionary<string, Schedule> ByName { get; } = new Dictionary<string, Schedule>
    {
        ["depin-60-15-15-10"] = Depin,
        ["burn-and-mint-50"] = BurnAndMint,
    };

    public ushort Providers { get; init; }

    public ushort Validators { get; init; }

    public ushort Burn { get; init; }

    public ushort Treasury { get; init; }

    static string ITypedStruct<Schedule>.TypeName => "Schedule";

    /// <summary>Divides a platform fee: providers, validators, burn, treasury, in atto.</summary>
    public UInt128[] Divide(UInt128 platform) => Apportionment.Divide(platform, [Providers, Validators, Burn, Treasury]);

    static Schedule ITypedStruct<Schedule>.Map<TMapper>(Schedule s, ref TMapper mapper) => new()
    {
        Providers = mapper.Field("providers", s.Providers),
        Validators = mapper.Field("validators", s.Validators),
        Burn = mapper.Field("burn", s.Burn),
        Treasury = mapper.Field("treasury", s.Treasury),
    };
}
