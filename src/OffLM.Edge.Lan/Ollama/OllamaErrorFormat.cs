using System.Text.Json;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Ollama;

/// <summary>Errors as Ollama's API writes them.</summary>
internal sealed class OllamaErrorFormat : IErrorFormat
{
    public static OllamaErrorFormat Instance { get; } = new();

    public void WriteError(Utf8JsonWriter json, ErrorResponse error, CompletedAnswer? completed)
    {
        json.WriteStartObject();
        json.WriteString("error", error.Message);
        if (completed is not null)
        {
            ReceiptJson.Write(json, completed);
        }

        json.WriteEndObject();
    }
}
