using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OffLM.Edge.Inference;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Work.Requests;

/// <summary>What somebody needs to run a request again and compare, as canonical JSON: the receipt commits to it.</summary>
internal static class ExecutionRecord
{
    private static readonly string CpuFeatures = DetectCpuFeatures();

    /// <summary>What is known at admission.</summary>
    public static string Of(ModelLease lease, WorkRequest request) => Build(lease, request, null);

    /// <summary>The whole record.</summary>
    public static string Of(ModelLease lease, WorkRequest request, GenerationResult result) => Build(lease, request, result);

    private static string Build(ModelLease lease, WorkRequest request, GenerationResult? result)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("model", lease.ModelId);
            json.WriteString("engine", lease.Engine.Name);
            json.WriteString("engineVersion", lease.Engine.Version);
            json.WriteString("executionProvider", lease.Engine.Provider);
            json.WriteNumber("threads", lease.Engine.Threads);
            json.WriteString("cpuFeatures", CpuFeatures);
            WriteSampling(json, request.Sampling);
            json.WriteStartArray("stop");
            foreach (var stop in request.Stop)
            {
                json.WriteStringValue(stop);
            }

            json.WriteEndArray();
            if (request.Guidance is { } guidance)
            {
                json.WriteString("schema", guidance.Kind == GuidanceKind.JsonObject ? "json_object" : guidance.Definition);
            }

            if (result is not null)
            {
                WriteResult(json, result);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(CanonicalJson.Canonicalize(buffer.WrittenSpan));
    }

    private static void WriteSampling(Utf8JsonWriter json, SamplingOptions sampling)
    {
        json.WriteStartObject("sampling");
        json.WriteString("seed", sampling.Seed.ToString(CultureInfo.InvariantCulture));
        json.WriteNumber("temperature", sampling.Temperature);
        json.WriteNumber("topK", sampling.TopK);
        json.WriteNumber("topP", sampling.TopP);
        json.WriteNumber("minP", sampling.MinP);
        json.WriteNumber("repetitionPenalty", sampling.RepetitionPenalty);
        json.WriteNumber("repetitionWindow", sampling.RepetitionWindow);
        json.WriteNumber("frequencyPenalty", sampling.FrequencyPenalty);
        json.WriteNumber("presencePenalty", sampling.PresencePenalty);
        if (sampling.LogitBias is { Count: > 0 } biases)
        {
            json.WriteStartObject("logitBias");
            foreach (var (token, bias) in biases)
            {
                json.WriteNumber(token.ToString(CultureInfo.InvariantCulture), bias);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteResult(Utf8JsonWriter json, GenerationResult result)
    {
        json.WriteNumber("reusedTokens", result.CachedTokens);
        json.WriteBoolean("ranAlone", result.RanAlone);
        json.WriteStartArray("prefillSplit");
        foreach (var piece in result.PrefillSplit)
        {
            json.WriteNumberValue(piece);
        }

        json.WriteEndArray();
    }

    /// <summary>The instructions that the kernels choose by, as the kernel lists them; "unknown" where it doesn't.</summary>
    private static string DetectCpuFeatures()
    {
        string[] relevant = ["avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimd", "asimddp", "i8mm", "sve"];
        try
        {
            var line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("flags", StringComparison.Ordinal) || l.StartsWith("Features", StringComparison.Ordinal));
            var listed = line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet();
            return listed is null ? "unknown" : string.Join(' ', relevant.Where(listed.Contains));
        }
        catch (IOException)
        {
            return "unknown";
        }
    }
}
