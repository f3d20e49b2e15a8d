using System.Text.Json;
using OffLM.Edge.Inference;

namespace OffLM.Edge.Lan.Serving;

/// <summary>What a model can do, as Ollama's listings say it: <c>completion</c>, <c>tools</c>, <c>embedding</c>.</summary>
internal static class ModelCapabilities
{
    /// <summary>Writes the field <c>capabilities</c> into the object that is open.</summary>
    public static void Write(Utf8JsonWriter json, ModelManifest manifest)
    {
        json.WriteStartArray("capabilities");
        foreach (var capability in manifest.Capabilities)
        {
            json.WriteStringValue(capability);
        }

        json.WriteEndArray();
    }
}
