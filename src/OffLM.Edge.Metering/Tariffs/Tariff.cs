using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Tariffs;

/// <summary>The prices in force and how a fee is divided. Named everywhere by its struct hash.</summary>
public sealed record Tariff : ITypedStruct<Tariff>
{
    /// <summary>The highest rate: two prompts' worth of 2³² tokens still fit 128 bits.</summary>
    public static readonly UInt128 MaxRate = (UInt128.One << 95) - 1;

    /// <summary>The highest flat platform fee.</summary>
    public static readonly UInt128 MaxFlat = UInt128.One << 126;

    /// <summary>What a fresh node charges, and what own use always costs: nothing.</summary>
    public static readonly Tariff Free = new()
    {
        Currency = Keccak256.Hash("OFFLM"u8),
        Provider = BasisPoints.Whole,
        NetworkFee = 500,
        BuilderFee = 1500,
    };

    /// <summary>The signed base tariff this one was derived from; zero for a base.</summary>
    public Bytes32 Parent { get; init; }

    /// <summary>keccak256 of the currency's name.</summary>
    public Bytes32 Currency { get; init; }

    /// <summary>Atto per 1000 prompt tokens that were not cached.</summary>
    public UInt128 Input { get; init; }

    /// <summary>Atto per 1000 cached prompt tokens.</summary>
    public UInt128 CachedInput { get; init; }

    /// <summary>Atto per 1000 completion tokens.</summary>
    public UInt128 Output { get; init; }

    /// <summary>Atto per answer, to the platform.</summary>
    public UInt128 Flat { get; init; }

    /// <summary>Of the base price, to the platform, in basis points.</summary>
    public ushort Percent { get; init; }

    /// <summary>Of what is left, to the provider, in basis points; the next three likewise. Together 10000.</summary>
    public ushort Provider { get; init; }

    public ushort Model { get; init; }

    public ushort Stakers { get; init; }

    public ushort Contributors { get; init; }

    /// <summary>Struct hash of the <see cref="Tariffs.Schedule"/> that divides the platform fee; zero for none.</summary>
    public Bytes32 Schedule { get; init; }

    /// <summary>On top of a routed request's fee, to the treasury, in basis points.</summary>
    public ushort NetworkFee { get; init; }

    /// <summary>Of a builder's own charge, to the treasury, in basis points.</summary>
    public ushort BuilderFee { get; init; }

    public ulong Version { get; init; }

    /// <summary>Unix milliseconds; for people. Which tariff is in force is decided by version.</summary>
    public ulong ValidFrom { get; init; }

    static string ITypedStruct<Tariff>.TypeName => "Tariff";

    /// <summary>Null if the amounts and shares are in range; else what is wrong.</summary>
    public string? Problem()
    {
        foreach (var (name, rate) in new[] { ("input", Input), ("cachedInput", CachedInput), ("output", Output) })
        {
            if (rate > MaxRate)
            {
                return $"{name} is {rate} atto per 1000 tokens; at most 2^95 - 1 is allowed.";
            }
        }

        if (Flat > MaxFlat)
        {
            return $"flat is {Flat} atto; at most 2^126 is allowed.";
        }

        if (Percent > BasisPoints.Whole)
        {
            return $"percent is {Percent} basis points; at most 10000 is allowed.";
        }

        var shares = Provider + Model + Stakers + Contributors;
        return shares == BasisPoints.Whole
            ? null
            : $"provider, model, stakers and contributors add up to {shares} basis points; they must be 10000.";
    }

    static Tariff ITypedStruct<Tariff>.Map<TMapper>(Tariff t, ref TMapper mapper) => new()
    {
        Parent = mapper.Field("parent", t.Parent),
        Currency = mapper.Field("currency", t.Currency),
        Input = mapper.Field("input", t.Input),
        CachedInput = mapper.Field("cachedInput", t.CachedInput),
        Output = mapper.Field("output", t.Output),
        Flat = mapper.Field("flat", t.Flat),
        Percent = mapper.Field("percent", t.Percent),
        Provider = mapper.Field("provider", t.Provider),
        Model = mapper.Field("model", t.Model),
        Stakers = mapper.Field("stakers", t.Stakers),
        Contributors = mapper.Field("contributors", t.Contributors),
        Schedule = mapper.Field("schedule", t.Schedule),
        NetworkFee = mapper.Field("networkFee", t.NetworkFee),
        BuilderFee = mapper.Field("builderFee", t.BuilderFee),
        Version = mapper.Field("version", t.Version),
        ValidFrom = mapper.Field("validFrom", t.ValidFrom),
    };
}
