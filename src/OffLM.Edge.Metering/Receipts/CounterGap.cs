using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Receipts;

/// <summary>
/// A node's owner goes on although the card has made another number of signatures than the ledger can explain. Its struct hash is the extension of
/// a void receipt, so that the batch which holds it signs the owner's reason.
/// </summary>
public sealed record CounterGap : ITypedStruct<CounterGap>
{
    /// <summary>The card's address.</summary>
    public Address Node { get; init; }

    /// <summary>Where its signature counter should have been.</summary>
    public uint Expected { get; init; }

    /// <summary>Where it was.</summary>
    public uint Found { get; init; }

    /// <summary>Why that is all right, in the owner's words.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Unix milliseconds.</summary>
    public ulong AcceptedAt { get; init; }

    static string ITypedStruct<CounterGap>.TypeName => "CounterGap";

    static CounterGap ITypedStruct<CounterGap>.Map<TMapper>(CounterGap g, ref TMapper mapper) => new()
    {
        Node = mapper.Field("node", g.Node),
        Expected = mapper.Field("expected", g.Expected),
        Found = mapper.Field("found", g.Found),
        Reason = mapper.Field("reason", g.Reason),
        AcceptedAt = mapper.Field("acceptedAt", g.AcceptedAt),
    };
}
