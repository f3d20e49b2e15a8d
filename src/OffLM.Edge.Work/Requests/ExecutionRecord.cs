using OffLM.Edge.Inference;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Work.Requests;

/// <summary>The replay record of a request: what somebody needs to run it again and compare.</summary>
internal static class ExecutionRecord
{
    private static readonly string[] CpuFeatures = DetectCpuFeatures();

    /// <summary>The record as canonical JSON.</summary>
    /// <param name="lease">The model and its engine.</param>
    /// <param name="request">What was asked.</param>
    /// <param name="tokenLimit">At most so many completion tokens.</param>
    /// <param name="result">How it went; null at admission, when that isn't known yet.</param>
    public static string Of(ModelLease lease, WorkRequest request, uint tokenLimit, GenerationResult? result = null) => new ReplayRecord
    {
        Model = new Bytes32(Convert.FromHexString(lease.ModelId)),
        Adapter = lease.Adapter is { } adapter ? new Bytes32(Convert.FromHexString(adapter.Id)) : default,
        Seed = request.Sampling.Seed,
        Sampler = SamplerOf(request.Sampling),
        TokenLimit = tokenLimit,
        Stop = request.Stop,
        Schema = request.Guidance is not { } guidance ? null : guidance.Kind == GuidanceKind.JsonObject ? "{\"type\":\"object\"}" : guidance.Definition,
        Engine = lease.Engine.Name,
        EngineVersion = lease.Engine.Version,
        ExecutionProvider = lease.Engine.Provider,
        CpuFeatures = CpuFeatures,
        PrefillSplit = result?.PrefillSplit ?? [],
        ReusedTokens = (uint)(result?.CachedTokens ?? 0),
        RanAlone = result?.RanAlone ?? false,
    }.ToCanonicalJson();

    /// <summary>The record of a request for embeddings; beside the texts, only their length is chosen.</summary>
    public static string Of(ModelLease lease, int dimensions, bool ranAlone) => new ReplayRecord
    {
        Model = new Bytes32(Convert.FromHexString(lease.ModelId)),
        Seed = 0,
        Sampler = new Dictionary<string, double> { ["dimensions"] = dimensions },
        TokenLimit = 0,
        Engine = lease.Engine.Name,
        EngineVersion = lease.Engine.Version,
        ExecutionProvider = lease.Engine.Provider,
        CpuFeatures = CpuFeatures,
        RanAlone = ranAlone,
    }.ToCanonicalJson();

    private static Dictionary<string, double> SamplerOf(SamplingOptions sampling)
    {
        var sampler = new Dictionary<string, double>
        {
            ["temperature"] = sampling.Temperature,
            ["topK"] = sampling.TopK,
            ["topP"] = sampling.TopP,
            ["minP"] = sampling.MinP,
            ["repetitionPenalty"] = sampling.RepetitionPenalty,
            ["repetitionWindow"] = sampling.RepetitionWindow,
            ["frequencyPenalty"] = sampling.FrequencyPenalty,
            ["presencePenalty"] = sampling.PresencePenalty,
        };
        foreach (var (token, bias) in sampling.LogitBias ?? new Dictionary<int, double>())
        {
            sampler[$"logitBias.{token}"] = bias;
        }

        return sampler;
    }

    /// <summary>The instructions that the kernels choose by, as the kernel lists them; none where it doesn't.</summary>
    private static string[] DetectCpuFeatures()
    {
        string[] relevant = ["avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimd", "asimddp", "i8mm", "sve"];
        try
        {
            var line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("flags", StringComparison.Ordinal) || l.StartsWith("Features", StringComparison.Ordinal)) ?? "";
            var listed = line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet();
            return [.. relevant.Where(listed.Contains)];
        }
        catch (IOException)
        {
            return [];
        }
    }
}
