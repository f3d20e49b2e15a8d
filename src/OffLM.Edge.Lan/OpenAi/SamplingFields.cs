using System.Globalization;
using System.Text.Json;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Serving;

namespace OffLM.Edge.Lan.OpenAi;

/// <summary>The fields that both of OpenAI's endpoints have, with OpenAI's defaults.</summary>
internal static class SamplingFields
{
    public const int MaxTopLogprobs = 20;

    /// <summary>OpenAI allows 4; more harm nobody.</summary>
    private const int MaxStops = 16;

    public static SamplingOptions Read(Fields request, int? topLogprobs) => new()
    {
        Temperature = request.Number("temperature", 0, 2) ?? 1,
        TopP = request.Number("top_p", 0, 1) ?? 1,
        TopK = 0,
        FrequencyPenalty = request.Number("frequency_penalty", -2, 2) ?? 0,
        PresencePenalty = request.Number("presence_penalty", -2, 2) ?? 0,
        RepetitionWindow = -1,
        LogitBias = ReadLogitBias(request),
        Seed = (ulong?)request.Integer("seed", long.MinValue, long.MaxValue) ?? RandomSeed.Next(),
        TopLogprobs = topLogprobs,
    };

    public static IReadOnlyList<string> ReadStop(Fields request) => request.TextOrTexts("stop", MaxStops);

    /// <summary>A limit of new tokens; null if the field is absent.</summary>
    public static int? ReadLimit(Fields request, string name) => (int?)request.Integer(name, 1, int.MaxValue);

    /// <exception cref="ApiException">More than one answer is asked for.</exception>
    public static void RequireOne(Fields request, string name)
    {
        if (request.Integer(name, 1, int.MaxValue) > 1)
        {
            throw ApiException.BadRequest($"'{name}' must be 1: one request has one answer and one receipt. Ask several times for several answers.", name);
        }
    }

    /// <summary>The field <c>stream</c>, and whether a last chunk with usage is wanted.</summary>
    public static (bool Streaming, bool IncludeUsage) ReadStream(Fields request)
    {
        var streaming = request.Flag("stream") ?? false;
        var options = request.Object("stream_options");
        if (options is not null && !streaming)
        {
            throw ApiException.BadRequest("'stream_options' is only for requests with 'stream': true.", "stream_options");
        }

        return (streaming, options?.Flag("include_usage") ?? false);
    }

    private static Dictionary<int, double>? ReadLogitBias(Fields request)
    {
        if (request.Object("logit_bias") is not { } biases)
        {
            return null;
        }

        var result = new Dictionary<int, double>();
        foreach (var property in biases.Element.EnumerateObject())
        {
            if (!int.TryParse(property.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var token))
            {
                throw ApiException.BadRequest("'logit_bias' must have token ids (whole numbers in strings) as its keys; one of them is not.", "logit_bias");
            }

            result[token] = Fields.NumberOf(property.Value, $"logit_bias.{token}", -100, 100);
        }

        return result;
    }
}
