using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Ollama;

/// <summary><c>POST /api/embed</c>, and its older form <c>POST /api/embeddings</c>, which takes one prompt and gives one vector.</summary>
internal sealed class EmbedEndpoint(Node node)
{
    public async Task HandleAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context);
        var fields = body.Fields;
        var request = Read(context, body, HasInput(fields) ? EmbeddingFields.Read(fields) : [new EmbeddingInput("", null)]) with
        {
            Truncate = fields.Flag("truncate") ?? true,
            Dimensions = (int?)fields.Integer("dimensions", 1, int.MaxValue),
        };
        if (request.Inputs is [{ Text.Length: 0 }])
        {
            await LoadAsync(context, request, "embeddings");
            return;
        }

        await EmbeddingDelivery.RunAsync(context, node, request, PlainErrorFormat.Instance, (json, answer) =>
        {
            json.WriteString("model", request.Model);
            json.WriteStartArray("embeddings");
            for (var at = 0; at < answer.Vectors.Length; at += answer.Dimensions)
            {
                EmbeddingDelivery.WriteVector(json, answer.Vectors.AsSpan(at, answer.Dimensions));
            }

            json.WriteEndArray();
            json.WriteNumber("total_duration", OllamaAnswerFormat.Nanoseconds(answer.Completed.Total));
            json.WriteNumber("load_duration", OllamaAnswerFormat.Nanoseconds(answer.LoadDuration));
            json.WriteNumber("prompt_eval_count", answer.Completed.Receipt.PromptTokens);
        });
    }

    public async Task HandleOneAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context);
        var prompt = body.Fields.TryGet("prompt", out var value) ? PromptText.Read(value, "prompt") : "";
        var request = Read(context, body, [new EmbeddingInput(prompt, null)]) with { Truncate = true };
        if (prompt.Length == 0)
        {
            await LoadAsync(context, request, "embedding");
            return;
        }

        await EmbeddingDelivery.RunAsync(context, node, request, PlainErrorFormat.Instance, (json, answer) =>
        {
            json.WritePropertyName("embedding");
            EmbeddingDelivery.WriteVector(json, answer.Vectors);
        });
    }

    private static bool HasInput(Fields fields) =>
        fields.TryGet(EmbeddingFields.Input, out var input) && !(input.ValueKind == JsonValueKind.Array && input.GetArrayLength() == 0);

    private static EmbeddingRequest Read(HttpContext context, RequestBody body, IReadOnlyList<EmbeddingInput> inputs)
    {
        var (retryKey, digest) = RetryHeader.Read(context, body);
        return new EmbeddingRequest
        {
            Api = RequestApi.Ollama,
            Model = ModelField.Read(body.Fields),
            Inputs = inputs,
            KeepAlive = KeepAlive.Read(body.Fields),
            RetryKey = retryKey,
            RetryDigest = digest,
        };
    }

    /// <summary>No text at all loads the model.</summary>
    private async Task LoadAsync(HttpContext context, EmbeddingRequest request, string field)
    {
        await node.LoadAsync(context.Caller(), request.Model, request.KeepAlive, context.RequestAborted);
        await JsonResponse.WriteAsync(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("model", request.Model);
            json.WriteStartArray(field);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }
}
