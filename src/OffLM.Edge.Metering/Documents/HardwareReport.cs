using System.Text.Json;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;
using OffLM.Edge.Signing.TypedStructs;

namespace OffLM.Edge.Metering.Documents;

/// <summary>What a node signs of its own speed: the network's entry ticket.</summary>
public sealed record HardwareReport : ITypedStruct<HardwareReport>
{
    /// <summary>The key's address.</summary>
    public Address Node { get; init; }

    /// <summary>keccak256 of the report's RFC 8785 form.</summary>
    public Bytes32 Report { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public ulong MeasuredAt { get; init; }

    /// <summary>What that time is worth.</summary>
    public ClockSource Clock { get; init; }

    static string ITypedStruct<HardwareReport>.TypeName => "HardwareReport";

    /// <summary>The hash of a report.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static Bytes32 HashOf(ReadOnlyMemory<byte> json) => Keccak256.Hash(CanonicalJson.Canonicalize(json));

    /// <summary>The signed document: domain, the signed fields, the signature and the report itself.</summary>
    public void Write(Utf8JsonWriter json, TypedDomain domain, in RecoverableSignature signature, ReadOnlySpan<byte> report)
    {
        json.WriteStartObject();
        json.WritePropertyName("domain");
        DomainJson.Write(json, domain);
        json.WritePropertyName("signed");
        TypedStruct.WriteJson(json, this);
        json.WriteString("signature", signature.ToString());
        json.WritePropertyName("report");
        json.WriteRawValue(report);
        json.WriteEndObject();
    }

    static HardwareReport ITypedStruct<HardwareReport>.Map<TMapper>(HardwareReport r, ref TMapper mapper) => new()
    {
        Node = mapper.Field("node", r.Node),
        Report = mapper.Field("report", r.Report),
        MeasuredAt = mapper.Field("measuredAt", r.MeasuredAt),
        Clock = (ClockSource)mapper.Field("clock", (byte)r.Clock),
    };
}
