using System.Text.Json;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Serving;

namespace OffLM.Edge.Lan.Ollama;

/// <summary>A model as Ollama's listings show it.</summary>
internal static class ModelJson
{
    /// <summary>Ollama's clients expect every name to have a tag.</summary>
    public static string Tagged(string name) => name.LastIndexOf(':') > name.LastIndexOf('/') ? name : name + ":latest";

    /// <summary>Writes the fields that all listings share; the object is open before and after.</summary>
    public static void WriteCommon(Utf8JsonWriter json, StoredModel model)
    {
        json.WriteString("name", Tagged(model.Name));
        json.WriteString("model", Tagged(model.Name));
        json.WriteNumber("size", model.Bytes);
        json.WriteString("digest", model.Id);
        WriteDetails(json, model.Manifest);
        ModelCapabilities.Write(json, model.Manifest);
    }

    public static void WriteDetails(Utf8JsonWriter json, ModelManifest manifest)
    {
        json.WriteStartObject("details");
        json.WriteString("parent_model", manifest.Adapter?.Base ?? "");
        json.WriteString("format", "onnx");
        json.WriteString("family", manifest.Family ?? "");
        json.WriteStartArray("families");
        if (manifest.Family is { } family)
        {
            json.WriteStringValue(family);
        }

        json.WriteEndArray();
        json.WriteString("parameter_size", manifest.Parameters ?? "");
        json.WriteString("quantization_level", manifest.Quantization ?? "");
        json.WriteEndObject();
    }
}
