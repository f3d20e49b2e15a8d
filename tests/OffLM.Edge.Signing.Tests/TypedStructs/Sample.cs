using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Signing.Tests.TypedStructs;

/// <summary>One field of every kind.</summary>
internal sealed record Sample : ITypedStruct<Sample>
{
    public Bytes32 Hash { get; init; }

    public Address Owner { get; init; }

    public ulong Big { get; init; }

    public uint Middle { get; init; }

    public ushort Small { get; init; }

    public byte Tiny { get; init; }

    public UInt128 Amount { get; init; }

    public string Text { get; init; } = "";

    static string ITypedStruct<Sample>.TypeName => "Sample";

    static Sample ITypedStruct<Sample>.Map<TMapper>(Sample s, ref TMapper mapper) => new()
    {
        Hash = mapper.Field("hash", s.Hash),
        Owner = mapper.Field("owner", s.Owner),
        Big = mapper.Field("big", s.Big),
        Middle = mapper.Field("middle", s.Middle),
        Small = mapper.Field("small", s.Small),
        Tiny = mapper.Field("tiny", s.Tiny),
        Amount = mapper.Field("amount", s.Amount),
        Text = mapper.Field("text", s.Text),
    };
}
