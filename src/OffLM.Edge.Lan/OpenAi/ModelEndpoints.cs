using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.OpenAi;

/// <summary><c>GET /v1/models</c> and <c>GET /v1/models/{id}</c>.</summary>
internal sealed class ModelEndpoints(Node node)
{
    public Task ListAsync(HttpContext context)
    {
        var models = VisibleModels.List(node, context.Caller());
        return JsonResponse.WriteAsync(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("object", "list");
            json.WriteStartArray("data");
            foreach (var model in models)
            {
                Write(json, model);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    public Task ShowAsync(HttpContext context)
    {
        // Routing leaves an escaped slash as it is.
        var id = ((string?)context.Request.RouteValues["id"] ?? "").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        var model = VisibleModels.Find(node, context.Caller(), id);
        return JsonResponse.WriteAsync(context, json => Write(json, model));
    }

    private static void Write(Utf8JsonWriter json, StoredModel model)
    {
        json.WriteStartObject();
        json.WriteString("id", model.Name);
        json.WriteString("object", "model");
        json.WriteNumber("created", model.ModifiedAt.ToUnixTimeSeconds());
        json.WriteString("owned_by", "offlm");
        ModelCapabilities.Write(json, model.Manifest);
        json.WriteEndObject();
    }
}
