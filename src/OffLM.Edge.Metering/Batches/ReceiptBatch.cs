using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Batches;

/// <summary>Consecutive receipts under one signature. Batches form a chain through <see cref="Previous"/>.</summary>
public sealed record ReceiptBatch : ITypedStruct<ReceiptBatch>
{
    /// <summary>The most receipts that one batch holds.</summary>
    public const int MaxReceipts = 256;

    /// <summary>The address of the key that signs.</summary>
    public Address Node { get; init; }

    /// <summary>From 1, without gaps.</summary>
    public ulong Batch { get; init; }

    /// <summary>Struct hash of the batch before; zero for the first.</summary>
    public Bytes32 Previous { get; init; }

    public ulong FirstSequence { get; init; }

    public uint Count { get; init; }

    /// <summary>Merkle root of the receipts' struct hashes.</summary>
    public Bytes32 Root { get; init; }

    /// <summary>The sum of the receipts' fees, in atto.</summary>
    public UInt128 Fees { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public ulong ClosedAt { get; init; }

    public ClockSource Clock { get; init; }

    /// <summary>The node's boot count: order without a clock.</summary>
    public uint Boot { get; init; }

    public KeyClass KeyClass { get; init; }

    /// <summary>The card's signature counter before this signature; 0 for a key file.</summary>
    public uint KeyCounter { get; init; }

    /// <summary>Null if it counts from 1 and all codes are known; else what is wrong.</summary>
    public string? Problem() => this switch
    {
        { Batch: 0 } or { FirstSequence: 0 } or { Count: 0 } => $"Batch {Batch} has {Count} receipts from {FirstSequence}; all three count from 1.",
        { Clock: > ClockSource.NetworkTime } => $"Batch {Batch} has the clock {(byte)Clock}; 0 to 2 are known.",
        { KeyClass: not (KeyClass.KeyFile or KeyClass.SmartCard) } => $"Batch {Batch} has the key class {(byte)KeyClass}; 1 and 2 are known.",
        { KeyClass: KeyClass.KeyFile, KeyCounter: not 0 } => $"Batch {Batch} has the key counter {KeyCounter}, but a key file has none.",
        _ => null,
    };

    static string ITypedStruct<ReceiptBatch>.TypeName => "ReceiptBatch";

    static ReceiptBatch ITypedStruct<ReceiptBatch>.Map<TMapper>(ReceiptBatch b, ref TMapper mapper) => new()
    {
        Node = mapper.Field("node", b.Node),
        Batch = mapper.Field("batch", b.Batch),
        Previous = mapper.Field("previous", b.Previous),
        FirstSequence = mapper.Field("firstSequence", b.FirstSequence),
        Count = mapper.Field("count", b.Count),
        Root = mapper.Field("root", b.Root),
        Fees = mapper.Field("fees", b.Fees),
        ClosedAt = mapper.Field("closedAt", b.ClosedAt),
        Clock = (ClockSource)mapper.Field("clock", (byte)b.Clock),
        Boot = mapper.Field("boot", b.Boot),
        KeyClass = (KeyClass)mapper.Field("keyClass", (byte)b.KeyClass),
        KeyCounter = mapper.Field("keyCounter", b.KeyCounter),
    };
}
