using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Batches;

/// <summary>A collector's signed answer to one batch. Only this settles.</summary>
public sealed record Acknowledgement : ITypedStruct<Acknowledgement>
{
    public Address Node { get; init; }

    public ulong Batch { get; init; }

    /// <summary>Struct hash of the batch it answers.</summary>
    public Bytes32 BatchHash { get; init; }

    public Verdict Verdict { get; init; }

    /// <summary>For a refusal, why.</summary>
    public string Reason { get; init; } = "";

    static string ITypedStruct<Acknowledgement>.TypeName => "Acknowledgement";

    static Acknowledgement ITypedStruct<Acknowledgement>.Map<TMapper>(Acknowledgement a, ref TMapper mapper) => new()
    {
        Node = mapper.Field("node", a.Node),
        Batch = mapper.Field("batch", a.Batch),
        BatchHash = mapper.Field("batchHash", a.BatchHash),
        Verdict = (Verdict)mapper.Field("verdict", (byte)a.Verdict),
        Reason = mapper.Field("reason", a.Reason),
    };
}

/// <summary>What a collector says of a batch.</summary>
public enum Verdict : byte
{
    None = 0,
    Settled = 1,
    Refused = 2,
}
