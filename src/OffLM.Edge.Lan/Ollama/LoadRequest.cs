using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Ollama;

/// <summary>A request that asks nothing: it loads the model, or with a keep-alive of zero unloads it, an adapter with its base.</summary>
internal static class LoadRequest
{
    /// <param name="context">The request.</param>
    /// <param name="node">Where.</param>
    /// <param name="request">Model and keep-alive.</param>
    /// <param name="time">For <c>created_at</c>.</param>
    /// <param name="writeNothing">Writes the endpoint's field for the empty answer.</param>
    public static async Task HandleAsync(HttpContext context, Node node, WorkRequest request, TimeProvider time, Action<Utf8JsonWriter> writeNothing)
    {
        var unload = request.KeepAlive == TimeSpan.Zero;
        if (unload)
        {
            var model = VisibleModels.Find(node, context.Caller(), request.Model);

            // What is in memory under an adapter is its base.
            await node.Models.UnloadAsync(model.Manifest.Adapter?.Base ?? model.Id);
        }
        else
        {
            await node.LoadAsync(context.Caller(), request.Model, request.KeepAlive, context.RequestAborted);
        }

        await JsonResponse.WriteAsync(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("model", request.Model);
            json.WriteString("created_at", time.GetUtcNow().UtcDateTime);
            writeNothing(json);
            json.WriteBoolean("done", true);
            json.WriteString("done_reason", unload ? "unload" : "load");
            json.WriteEndObject();
        });
    }
}
