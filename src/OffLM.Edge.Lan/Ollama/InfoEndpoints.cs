using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.Ollama;

/// <summary>What Ollama's clients ask before they talk: is it there, how old is it, which models has it.</summary>
internal sealed class InfoEndpoints(Node node)
{
    /// <summary>
    /// The version of Ollama whose API this is. Clients compare it to decide what they may use, and refuse old ones; the node's own
    /// version stands beside it.
    /// </summary>
    private const string ApiVersion = "0.12.6";

    private const string CpuProvider = "CPU";

    public static Task RootAsync(HttpContext context)
    {
        var text = Encoding.UTF8.GetBytes("Ollama is running");
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = text.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(text, context.RequestAborted).AsTask();
    }

    public Task VersionAsync(HttpContext context) => JsonResponse.WriteAsync(context, json =>
    {
        json.WriteStartObject();
        json.WriteString("version", ApiVersion);
        json.WriteString("offlm", node.Options.Version);
        json.WriteEndObject();
    });

    public Task TagsAsync(HttpContext context)
    {
        var models = VisibleModels.List(node, context.Caller());
        return JsonResponse.WriteAsync(context, json => WriteModels(json, models, (json, model) =>
        {
            ModelJson.WriteCommon(json, model);
            json.WriteString("modified_at", model.ModifiedAt);
        }));
    }

    public Task LoadedAsync(HttpContext context)
    {
        var loaded = node.Models.Loaded.Where(l => VisibleModels.Allows(context.Caller(), l.Model.Name));
        return JsonResponse.WriteAsync(context, json => WriteModels(json, loaded, (json, model) =>
        {
            ModelJson.WriteCommon(json, model.Model);
            json.WriteString("expires_at", model.ExpiresAt);
            json.WriteNumber("size_vram", model.Engine.Provider.Equals(CpuProvider, StringComparison.OrdinalIgnoreCase) ? 0 : model.Model.Bytes);
            json.WriteNumber("context_length", model.ContextLength);
            WriteEngine(json, model.Engine);
        }));
    }

    private static void WriteEngine(Utf8JsonWriter json, EngineDescription engine)
    {
        json.WriteStartObject("offlm");
        json.WriteString("engine", engine.Name);
        json.WriteString("provider", engine.Provider);
        if (engine.Fallback is { } reason)
        {
            json.WriteString("fallback", reason);
        }

        json.WriteStartArray("failed_providers");
        foreach (var failure in engine.Failed)
        {
            json.WriteStartObject();
            json.WriteString("provider", failure.Provider);
            json.WriteString("reason", failure.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (engine.Placement is { } placement)
        {
            json.WriteNumber("nodes", placement.Nodes);
            json.WriteNumber("nodes_on_cpu", placement.OnCpu);
        }

        json.WriteEndObject();
    }

    private static void WriteModels<T>(Utf8JsonWriter json, IEnumerable<T> models, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartObject();
        json.WriteStartArray("models");
        foreach (var model in models)
        {
            json.WriteStartObject();
            write(json, model);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
