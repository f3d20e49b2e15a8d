using System.Text.Json;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.NodeApi;

/// <summary>Errors as <c>{"error": "…"}</c>: the node's API, and every path that belongs to no other.</summary>
internal sealed class NodeErrorFormat : IErrorFormat
{
    public static NodeErrorFormat Instance { get; } = new();

    public void WriteError(Utf8JsonWriter json, ErrorResponse error, CompletedAnswer? completed)
    {
        json.WriteStartObject();
        json.WriteString("error", error.Message);
        json.WriteEndObject();
    }
}
