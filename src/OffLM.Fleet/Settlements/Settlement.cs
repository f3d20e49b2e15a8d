using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Fleet.Settlements;

/// <summary>A closed period: the settled batches that were in none before, under one root and the collector's signature. Settlements form a chain.</summary>
internal sealed record Settlement : ITypedStruct<Settlement>
{
    /// <summary>From 1, without gaps.</summary>
    public ulong Number { get; init; }

    /// <summary>Struct hash of the settlement before; zero for the first.</summary>
    public Bytes32 Previous { get; init; }

    public ulong Batches { get; init; }

    /// <summary>Settled receipts, the hidden ones with them.</summary>
    public ulong Receipts { get; init; }

    /// <summary>Merkle root of the batches' struct hashes, by chain and number.</summary>
    public Bytes32 Root { get; init; }

    /// <summary>In atto.</summary>
    public UInt128 Fees { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public ulong ClosedAt { get; init; }

    static string ITypedStruct<Settlement>.TypeName => "Settlement";

    static Settlement ITypedStruct<Settlement>.Map<TMapper>(Settlement s, ref TMapper mapper) => new()
    {
        Number = mapper.Field("number", s.Number),
        Previous = mapper.Field("previous", s.Previous),
        Batches = mapper.Field("batches", s.Batches),
        Receipts = mapper.Field("receipts", s.Receipts),
        Root = mapper.Field("root", s.Root),
        Fees = mapper.Field("fees", s.Fees),
        ClosedAt = mapper.Field("closedAt", s.ClosedAt),
    };
}
