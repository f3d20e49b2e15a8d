using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Serving;

/// <summary>Asks the node for embeddings and sends them: the receipt is durable before the body leaves.</summary>
internal static class EmbeddingDelivery
{
    /// <param name="context">The request.</param>
    /// <param name="node">Who is asked.</param>
    /// <param name="request">What for.</param>
    /// <param name="errors">How this API writes an error.</param>
    /// <param name="write">Writes the fields of the body's object.</param>
    /// <exception cref="RefusedException">The request is not taken; nothing was sent.</exception>
    public static async Task RunAsync(
        HttpContext context, Node node, EmbeddingRequest request, IErrorFormat errors, Action<Utf8JsonWriter, EmbeddingAnswer> write)
    {
        var answer = await node.EmbedAsync(context.Caller(), request, context.RequestAborted);
        if (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        context.Response.Headers[ReceiptJson.Header] = answer.Completed.Receipt.Request.ToString();
        if (ErrorResponse.From(answer.Completed) is { } error)
        {
            await Guard.WriteAsync(context, errors, error, answer.Completed);
            return;
        }

        await JsonResponse.WriteAsync(context, json =>
        {
            json.WriteStartObject();
            write(json, answer);
            ReceiptJson.Write(json, answer.Completed);
            json.WriteEndObject();
        });
    }

    /// <summary>Writes one embedding as an array.</summary>
    public static void WriteVector(Utf8JsonWriter json, ReadOnlySpan<float> vector)
    {
        json.WriteStartArray();
        foreach (var number in vector)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }
}
