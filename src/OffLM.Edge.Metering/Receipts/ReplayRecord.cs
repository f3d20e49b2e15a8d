using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Metering.Receipts;

/// <summary>
/// All that a challenger needs, with the prompt, to run an answer again. Its canonical form (RFC 8785) is kept on the box; a receipt's
/// <c>execution</c> is the commitment to it.
/// </summary>
public sealed record ReplayRecord
{
    /// <summary>The model's id.</summary>
    public required Bytes32 Model { get; init; }

    /// <summary>The adapter's id; zero for none.</summary>
    public Bytes32 Adapter { get; init; }

    /// <summary>Written as a decimal string: JSON's numbers don't hold 64 bits.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The sampler's settings by name, for example <c>temperature</c>.</summary>
    public required IReadOnlyDictionary<string, double> Sampler { get; init; }

    /// <summary>At most so many completion tokens.</summary>
    public required uint TokenLimit { get; init; }

    /// <summary>Stop strings, in the order given.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>What guided the output: a JSON schema as it was given; null for none.</summary>
    public string? Schema { get; init; }

    /// <summary>The engine's name, for example <c>direct</c>.</summary>
    public required string Engine { get; init; }

    public required string EngineVersion { get; init; }

    /// <summary>The rung of the ladder that ran, for example <c>cpu</c>.</summary>
    public required string ExecutionProvider { get; init; }

    /// <summary>The processor's instruction sets that change rounding, for example <c>avx2</c>; written in ordinal order.</summary>
    public IReadOnlyList<string> CpuFeatures { get; init; } = [];

    /// <summary>The lengths of the pieces in which the prompt was processed, in tokens; empty while not known.</summary>
    public IReadOnlyList<int> PrefillSplit { get; init; } = [];

    /// <summary>Prompt tokens taken from an earlier turn's cache.</summary>
    public uint ReusedTokens { get; init; }

    /// <summary>True if no other generation ran meanwhile.</summary>
    public bool RanAlone { get; init; }

    /// <summary>The record as canonical JSON.</summary>
    /// <exception cref="FormatException">A sampler setting is not a finite number, or a text is no valid Unicode.</exception>
    public string ToCanonicalJson() => Encoding.UTF8.GetString(ToCanonicalUtf8());

    /// <summary>The commitment that goes into the receipt.</summary>
    /// <exception cref="FormatException">See <see cref="ToCanonicalJson"/>.</exception>
    public Bytes32 Commit(in Bytes32 salt) => Commitment.To(salt, ToCanonicalUtf8());

    private byte[] ToCanonicalUtf8()
    {
        var output = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(output))
        {
            Write(writer);
        }

        return CanonicalJson.Canonicalize(output.WrittenMemory);
    }

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("model", Model.ToString());
        writer.WriteString("adapter", Adapter.ToString());
        writer.WriteString("seed", Seed.ToString(CultureInfo.InvariantCulture));
        writer.WriteStartObject("sampler");
        foreach (var (name, value) in Sampler)
        {
            if (!double.IsFinite(value))
            {
                throw new FormatException($"The sampler setting '{name}' is {value}; JSON has no such number.");
            }

            writer.WriteNumber(name, value);
        }

        writer.WriteEndObject();
        writer.WriteNumber("tokenLimit", TokenLimit);
        WriteTexts(writer, "stop", Stop);
        if (Schema is null)
        {
            writer.WriteNull("schema");
        }
        else
        {
            writer.WriteString("schema", Valid(Schema));
        }

        writer.WriteString("engine", Engine);
        writer.WriteString("engineVersion", EngineVersion);
        writer.WriteString("executionProvider", ExecutionProvider);
        WriteTexts(writer, "cpuFeatures", CpuFeatures.Order(StringComparer.Ordinal));
        writer.WriteStartArray("prefillSplit");
        foreach (var piece in PrefillSplit)
        {
            writer.WriteNumberValue(piece);
        }

        writer.WriteEndArray();
        writer.WriteNumber("reusedTokens", ReusedTokens);
        writer.WriteBoolean("ranAlone", RanAlone);
        writer.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, IEnumerable<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
        {
            writer.WriteStringValue(Valid(text));
        }

        writer.WriteEndArray();
    }

    /// <summary>The writer would replace what isn't Unicode, and two different texts would have one commitment.</summary>
    private static string Valid(string text)
    {
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out var used) != OperationStatus.Done)
            {
                throw new FormatException("A text has a surrogate without its other half.");
            }

            rest = rest[used..];
        }

        return text;
    }
}
