using System.Text.Json;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Serving;

/// <summary>Errors as <c>{"error": "…"}</c>: Ollama's API, the node's own, and every path that belongs to no other.</summary>
internal sealed class PlainErrorFormat : IErrorFormat
{
    public static PlainErrorFormat Instance { get; } = new();

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
