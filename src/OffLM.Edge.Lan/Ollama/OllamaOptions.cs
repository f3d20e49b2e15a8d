using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Serving;

namespace OffLM.Edge.Lan.Ollama;

/// <summary>The object <c>options</c>, with Ollama's defaults. Options that this node has no use for are ignored, as Ollama ignores unknown ones.</summary>
/// <param name="Sampling">How tokens are chosen.</param>
/// <param name="Seeded">True if the client named the seed.</param>
/// <param name="MaxTokens">Null for as many as the context has room for.</param>
/// <param name="ContextLength">Null for the model's own.</param>
/// <param name="Stop">Where to stop.</param>
internal sealed record OllamaOptions(SamplingOptions Sampling, bool Seeded, int? MaxTokens, int? ContextLength, IReadOnlyList<string> Stop)
{
    private const int MaxStops = 16;

    public static OllamaOptions Read(Fields request, int? topLogprobs)
    {
        var options = request.Object("options") ?? new Fields(default, "options");
        if (options.Element.ValueKind == System.Text.Json.JsonValueKind.Undefined)
        {
            return new OllamaOptions(Default(RandomSeed.Next(), topLogprobs), false, null, null, []);
        }

        // A negative seed asks for a random one.
        var seed = options.Integer("seed", long.MinValue, long.MaxValue) is >= 0 and var named ? (ulong?)named : null;
        var defaults = Default(seed ?? RandomSeed.Next(), topLogprobs);
        var sampling = defaults with
        {
            Temperature = options.Number("temperature", 0, 2) ?? defaults.Temperature,
            TopK = (int?)options.Integer("top_k", int.MinValue, int.MaxValue) is { } k ? Math.Max(0, k) : defaults.TopK,
            TopP = options.Number("top_p", 0, 1) ?? defaults.TopP,
            MinP = options.Number("min_p", 0, 1) ?? defaults.MinP,
            RepetitionPenalty = options.Number("repeat_penalty", 0.01, 100) ?? defaults.RepetitionPenalty,
            RepetitionWindow = (int?)options.Integer("repeat_last_n", -1, int.MaxValue) ?? defaults.RepetitionWindow,
            PresencePenalty = options.Number("presence_penalty", -2, 2) ?? defaults.PresencePenalty,
            FrequencyPenalty = options.Number("frequency_penalty", -2, 2) ?? defaults.FrequencyPenalty,
        };

        // Ollama: −1 has no limit, −2 fills the context, which here is the same; 0 counts as not said.
        var limit = (int?)options.Integer("num_predict", -2, int.MaxValue);
        return new OllamaOptions(
            sampling,
            seed is not null,
            limit is > 0 ? limit : null,
            (int?)options.Integer("num_ctx", 1, int.MaxValue),
            options.TextOrTexts("stop", MaxStops));
    }

    private static SamplingOptions Default(ulong seed, int? topLogprobs) => new()
    {
        Temperature = 0.8,
        TopK = 40,
        TopP = 0.9,
        RepetitionPenalty = 1.1,
        RepetitionWindow = 64,
        Seed = seed,
        TopLogprobs = topLogprobs,
    };
}
