using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Receipts;

/// <summary>What one request used and owes. Immutable once appended; its struct hash is a leaf of its batch.</summary>
public sealed record Receipt : ITypedStruct<Receipt>
{
    /// <summary>Per node, from 1, without gaps.</summary>
    public ulong Sequence { get; init; }

    /// <summary>Random, unique per node; the receipt's public name.</summary>
    public Bytes32 Request { get; init; }

    /// <summary>The node that admitted the request; zero for this one.</summary>
    public Address Origin { get; init; }

    /// <summary>Who owes the fee; zero when nobody does.</summary>
    public Address Payer { get; init; }

    /// <summary>Whose app made the request; zero for none.</summary>
    public Address Builder { get; init; }

    /// <summary>Hash of the payer's voucher or authorisation; zero for none.</summary>
    public Bytes32 Grant { get; init; }

    public Bytes32 Model { get; init; }

    public Bytes32 Adapter { get; init; }

    /// <summary>Struct hash of the tariff in force at admission.</summary>
    public Bytes32 Tariff { get; init; }

    public uint PromptTokens { get; init; }

    /// <summary>Of the prompt tokens, those reused from an earlier turn.</summary>
    public uint CachedTokens { get; init; }

    /// <summary>Tokens whose text was delivered.</summary>
    public uint CompletionTokens { get; init; }

    public Outcome Outcome { get; init; }

    /// <summary>keccak256(salt ‖ UTF-8 of the string that was tokenised).</summary>
    public Bytes32 PromptCommitment { get; init; }

    /// <summary>keccak256(salt ‖ UTF-8 of all text that was delivered).</summary>
    public Bytes32 CompletionCommitment { get; init; }

    /// <summary>keccak256(salt ‖ canonical JSON of the replay record).</summary>
    public Bytes32 Execution { get; init; }

    /// <summary>Unix milliseconds at admission.</summary>
    public ulong StartedAt { get; init; }

    public ClockSource Clock { get; init; }

    /// <summary>From admission to the last token.</summary>
    public uint DurationMs { get; init; }

    /// <summary>Above the idle draw.</summary>
    public ulong EnergyMicrojoules { get; init; }

    public EnergySource EnergySource { get; init; }

    /// <summary>Whole atto-OFFLM (10⁻¹⁸).</summary>
    public UInt128 Fee { get; init; }

    /// <summary>Struct hash of an optional typed record; zero for none.</summary>
    public Bytes32 Extension { get; init; }

    static string ITypedStruct<Receipt>.TypeName => "Receipt";

    /// <summary>True for the household's own use: nobody owes, nobody else's business.</summary>
    public bool IsOwnUse => Fee == 0 && Payer.IsZero && Builder.IsZero;

    /// <summary>Null if all codes are known; else what is wrong.</summary>
    public string? Problem() => this switch
    {
        { Outcome: < Outcome.Stop or > Outcome.Void } => $"Receipt {Sequence} has the outcome {(byte)Outcome}; 1 to 7 are known.",
        { Clock: > ClockSource.NetworkTime } => $"Receipt {Sequence} has the clock {(byte)Clock}; 0 to 2 are known.",
        { EnergySource: > EnergySource.Simulated } => $"Receipt {Sequence} has the energy source {(byte)EnergySource}; 0 to 3 are known.",
        _ => null,
    };

    static Receipt ITypedStruct<Receipt>.Map<TMapper>(Receipt r, ref TMapper mapper) => new()
    {
        Sequence = mapper.Field("sequence", r.Sequence),
        Request = mapper.Field("request", r.Request),
        Origin = mapper.Field("origin", r.Origin),
        Payer = mapper.Field("payer", r.Payer),
        Builder = mapper.Field("builder", r.Builder),
        Grant = mapper.Field("grant", r.Grant),
        Model = mapper.Field("model", r.Model),
        Adapter = mapper.Field("adapter", r.Adapter),
        Tariff = mapper.Field("tariff", r.Tariff),
        PromptTokens = mapper.Field("promptTokens", r.PromptTokens),
        CachedTokens = mapper.Field("cachedTokens", r.CachedTokens),
        CompletionTokens = mapper.Field("completionTokens", r.CompletionTokens),
        Outcome = (Outcome)mapper.Field("outcome", (byte)r.Outcome),
        PromptCommitment = mapper.Field("promptCommitment", r.PromptCommitment),
        CompletionCommitment = mapper.Field("completionCommitment", r.CompletionCommitment),
        Execution = mapper.Field("execution", r.Execution),
        StartedAt = mapper.Field("startedAt", r.StartedAt),
        Clock = (ClockSource)mapper.Field("clock", (byte)r.Clock),
        DurationMs = mapper.Field("durationMs", r.DurationMs),
        EnergyMicrojoules = mapper.Field("energyMicrojoules", r.EnergyMicrojoules),
        EnergySource = (EnergySource)mapper.Field("energySource", (byte)r.EnergySource),
        Fee = mapper.Field("fee", r.Fee),
        Extension = mapper.Field("extension", r.Extension),
    };
}
