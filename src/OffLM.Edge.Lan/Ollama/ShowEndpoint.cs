using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Access;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.Ollama;

/// <summary><c>POST /api/show</c>: what a model is and can do.</summary>
internal sealed class ShowEndpoint(Node node)
{
    public async Task HandleAsync(HttpContext context)
    {
        using var body = await RequestBody.ReadAsync(context);
        var model = VisibleModels.Find(node, context.Caller(), ModelField.Read(body.Fields));
        await JsonResponse.WriteAsync(context, json => Write(json, model, ChatTemplateOf(model)));
    }

    private static void Write(Utf8JsonWriter json, StoredModel model, string template)
    {
        var manifest = model.Manifest;
        var family = manifest.Family ?? "unknown";
        json.WriteStartObject();
        json.WriteString("license", manifest.License ?? "");
        json.WriteString("modelfile", "");
        json.WriteString("parameters", "");
        json.WriteString("template", template);
        ModelJson.WriteDetails(json, manifest);
        json.WriteStartObject("model_info");
        json.WriteString("general.architecture", family);
        json.WriteString("general.basename", model.Name);
        if (manifest.Context is { } context)
        {
            json.WriteNumber($"{family}.context_length", context);
        }

        if (manifest.Embedding is { } embedding)
        {
            json.WriteNumber($"{family}.embedding_length", embedding.Dimensions);
        }

        json.WriteEndObject();
        ModelCapabilities.Write(json, manifest);
        json.WriteString("modified_at", model.ModifiedAt);
        json.WriteEndObject();
    }

    /// <summary>The template as the tokenizer's files have it; empty if they have none, or can't be read.</summary>
    private static string ChatTemplateOf(StoredModel model)
    {
        try
        {
            var file = Path.Combine(model.Folder, "chat_template.jinja");
            if (File.Exists(file))
            {
                return File.ReadAllText(file);
            }

            file = Path.Combine(model.Folder, "tokenizer_config.json");
            if (!File.Exists(file))
            {
                return "";
            }

            using var config = JsonDocument.Parse(File.ReadAllBytes(file));
            return config.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("chat_template", out var template)
                && template.ValueKind == JsonValueKind.String ? template.GetString()! : "";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
