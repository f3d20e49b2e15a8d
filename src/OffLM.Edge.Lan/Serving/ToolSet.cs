using System.Buffers;
using System.Text;
using System.Text.Json;
using OffLM.Edge.Inference;
using OffLM.Edge.Work;

namespace OffLM.Edge.Lan.Serving;

/// <summary>The functions that a request offers to the model.</summary>
/// <param name="Json">The definitions as a JSON array, for the chat template.</param>
/// <param name="Functions">Each function's name and the schema of its arguments.</param>
internal sealed record ToolSet(string Json, IReadOnlyDictionary<string, JsonElement> Functions)
{
    private const int MaxTools = 128;

    /// <summary>What a model that can call functions has among its capabilities.</summary>
    private const string Capability = "tools";

    /// <summary>Reads the field <c>tools</c>; null if there are none.</summary>
    public static ToolSet? Read(Fields request)
    {
        var items = request.Items("tools");
        if (items.Count == 0)
        {
            return null;
        }

        if (items.Count > MaxTools)
        {
            throw Fields.Wrong("tools", $"at most {MaxTools} functions", $"{items.Count}");
        }

        var functions = new Dictionary<string, JsonElement>();
        foreach (var (value, path) in items)
        {
            var tool = Fields.ObjectOf(value, path);
            if (tool.Text("type") is { } type && type != "function")
            {
                throw Fields.Wrong(tool.PathOf("type"), "'function'", "another kind of tool");
            }

            var function = tool.Object("function") ?? throw ApiException.BadRequest($"'{tool.PathOf("function")}' is missing.", tool.PathOf("function"));
            functions[function.RequiredText("name")] = function.Object("parameters")?.Element ?? default;
        }

        return new ToolSet(request.Element.GetProperty("tools").GetRawText(), functions);
    }

    /// <summary>Refuses tools for a model that was not made to use them. An unknown or damaged model is left to admission.</summary>
    public static void RequireCapability(Node node, string model)
    {
        StoredModel found;
        try
        {
            found = node.Store.Find(model);
        }
        catch (Exception e) when (e is ModelNotFoundException or ModelDamagedException)
        {
            return;
        }

        if (!found.Manifest.Capabilities.Contains(Capability))
        {
            throw ApiException.BadRequest($"The model {found.Name} does not support tools. Leave 'tools' out, or use a model that does.", "tools");
        }
    }

    /// <summary>A schema that only calls of these functions conform to: for a request that insists on a call.</summary>
    /// <param name="only">The one function that may be called; null for any.</param>
    public string CallSchema(string? only)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, JsonResponse.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteStartArray("anyOf");
            foreach (var (name, parameters) in Functions)
            {
                if (only is null || only == name)
                {
                    WriteCall(json, name, parameters);
                }
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteCall(Utf8JsonWriter json, string name, JsonElement parameters)
    {
        json.WriteStartObject();
        json.WriteString("type", "object");
        json.WriteStartObject("properties");
        json.WriteStartObject("name");
        json.WriteString("const", name);
        json.WriteEndObject();
        json.WritePropertyName("arguments");
        if (parameters.ValueKind == JsonValueKind.Object)
        {
            json.WriteRawValue(parameters.GetRawText());
        }
        else
        {
            json.WriteRawValue("""{"type":"object"}""");
        }

        json.WriteEndObject();
        json.WritePropertyName("required");
        json.WriteRawValue("""["name","arguments"]""");
        json.WriteBoolean("additionalProperties", false);
        json.WriteEndObject();
    }
}
