using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering;

/// <summary>
/// What is durable before anything of an answer leaves: all that a receipt needs, and the most that the answer may cost.
/// After a crash it becomes an interrupted receipt.
/// </summary>
public sealed record Hold : ITypedStruct<Hold>
{
    public Bytes32 Request { get; init; }

    /// <summary>The API key's id; empty for callers without one.</summary>
    public string Caller { get; init; } = "";

    public Address Origin { get; init; }

    public Address Payer { get; init; }

    public Address Builder { get; init; }

    public Bytes32 Grant { get; init; }

    public Bytes32 Model { get; init; }

    public Bytes32 Adapter { get; init; }

    /// <summary>Struct hash of the tariff in force at admission; it applies even if another comes into force meanwhile.</summary>
    public Bytes32 Tariff { get; init; }

    public uint PromptTokens { get; init; }

    /// <summary>At most so many completion tokens: the request's limit, or fewer if the credit reaches no further.</summary>
    public uint TokenLimit { get; init; }

    /// <summary>The price of <see cref="TokenLimit"/> tokens in atto; counts against the credit until the receipt.</summary>
    public UInt128 Ceiling { get; init; }

    public Bytes32 PromptCommitment { get; init; }

    public Bytes32 PromptSalt { get; init; }

    public Bytes32 CompletionSalt { get; init; }

    public Bytes32 ExecutionSalt { get; init; }

    /// <summary>The replay record as far as it is known at admission, canonical JSON.</summary>
    public string ExecutionRecord { get; init; } = "{}";

    /// <summary>Unix milliseconds.</summary>
    public ulong StartedAt { get; init; }

    public ClockSource Clock { get; init; }

    public uint Boot { get; init; }

    static string ITypedStruct<Hold>.TypeName => "Hold";

    static Hold ITypedStruct<Hold>.Map<TMapper>(Hold h, ref TMapper mapper) => new()
    {
        Request = mapper.Field("request", h.Request),
        Caller = mapper.Field("caller", h.Caller),
        Origin = mapper.Field("origin", h.Origin),
        Payer = mapper.Field("payer", h.Payer),
        Builder = mapper.Field("builder", h.Builder),
        Grant = mapper.Field("grant", h.Grant),
        Model = mapper.Field("model", h.Model),
        Adapter = mapper.Field("adapter", h.Adapter),
        Tariff = mapper.Field("tariff", h.Tariff),
        PromptTokens = mapper.Field("promptTokens", h.PromptTokens),
        TokenLimit = mapper.Field("tokenLimit", h.TokenLimit),
        Ceiling = mapper.Field("ceiling", h.Ceiling),
        PromptCommitment = mapper.Field("promptCommitment", h.PromptCommitment),
        PromptSalt = mapper.Field("promptSalt", h.PromptSalt),
        CompletionSalt = mapper.Field("completionSalt", h.CompletionSalt),
        ExecutionSalt = mapper.Field("executionSalt", h.ExecutionSalt),
        ExecutionRecord = mapper.Field("executionRecord", h.ExecutionRecord),
        StartedAt = mapper.Field("startedAt", h.StartedAt),
        Clock = (ClockSource)mapper.Field("clock", (byte)h.Clock),
        Boot = mapper.Field("boot", h.Boot),
    };
}
