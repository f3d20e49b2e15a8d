using System.Text.Json;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Ollama;

/// <summary>The fields that <c>/api/chat</c> and <c>/api/generate</c> share.</summary>
internal static class CommonFields
{
    private const int MaxTopLogprobs = 20;

    /// <summary>The request without what is asked.</summary>
    public static WorkRequest Read(Fields request)
    {
        RefuseThinking(request);
        var options = OllamaOptions.Read(request, ReadLogprobs(request));
        return new WorkRequest
        {
            Api = RequestApi.Ollama,
            Model = ModelField.Read(request),
            MaxTokens = options.MaxTokens,
            ContextLength = options.ContextLength,
            Sampling = options.Sampling,
            Seeded = options.Seeded,
            Stop = options.Stop,
            Guidance = OllamaFormat.Read(request),
            KeepAlive = KeepAlive.Read(request),
            Streaming = request.Flag("stream") ?? true,
        };
    }

    /// <exception cref="ApiException">There are images.</exception>
    public static void RefuseImages(Fields fields)
    {
        if (fields.Items("images").Count > 0)
        {
            throw ApiException.BadRequest($"'{fields.PathOf("images")}' has images; this node's models read text only.", fields.PathOf("images"));
        }
    }

    private static void RefuseThinking(Fields request)
    {
        if (request.TryGet("think", out var think) && think.ValueKind != JsonValueKind.False)
        {
            throw ApiException.BadRequest("'think' must be false: this version does not support thinking apart from the answer.", "think");
        }
    }

    private static int? ReadLogprobs(Fields request)
    {
        var top = (int?)request.Integer("top_logprobs", 0, MaxTopLogprobs);
        return request.Flag("logprobs") == true ? top ?? 0 : null;
    }
}
