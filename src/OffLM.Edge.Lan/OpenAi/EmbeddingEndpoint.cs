using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.OpenAi;

/// <summary><c>POST /v1/embeddings</c>.</summary>
internal sealed class EmbeddingEndpoint(Node node)
{
    public async Task HandleAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context);
        var fields = body.Fields;
        var (retryKey, digest) = RetryHeader.Read(context, body);
        var request = new EmbeddingRequest
        {
            Api = RequestApi.OpenAi,
            Model = fields.RequiredText("model"),
            Inputs = EmbeddingFields.Read(fields),
            Dimensions = (int?)fields.Integer("dimensions", 1, int.MaxValue),
            RetryKey = retryKey,
            RetryDigest = digest,
        };
        EmbeddingFields.RefuseEmpty(request.Inputs);
        var asBase64 = fields.Text("encoding_format") switch
        {
            null or "float" => false,
            "base64" => true,
            _ => throw Fields.Wrong("encoding_format", "'float' or 'base64'", "another word"),
        };
        await EmbeddingDelivery.RunAsync(
            context, node, request, OpenAiErrorFormat.Instance, (json, answer) => Write(json, request.Model, answer, asBase64));
    }

    private static void Write(Utf8JsonWriter json, string model, EmbeddingAnswer answer, bool asBase64)
    {
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        for (var at = 0; at < answer.Vectors.Length; at += answer.Dimensions)
        {
            var vector = answer.Vectors.AsSpan(at, answer.Dimensions);
            json.WriteStartObject();
            json.WriteString("object", "embedding");
            json.WriteNumber("index", at / answer.Dimensions);
            json.WritePropertyName("embedding");
            if (asBase64)
            {
                json.WriteBase64StringValue(MemoryMarshal.AsBytes(vector));
            }
            else
            {
                EmbeddingDelivery.WriteVector(json, vector);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("model", model);
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", answer.Completed.Receipt.PromptTokens);
        json.WriteNumber("total_tokens", answer.Completed.Receipt.PromptTokens);
        json.WriteEndObject();
    }
}
