using System.Text.Json;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.OpenAi;

/// <summary>Errors as OpenAI's API writes them.</summary>
internal sealed class OpenAiErrorFormat : IErrorFormat
{
    public static OpenAiErrorFormat Instance { get; } = new();

    public void WriteError(Utf8JsonWriter json, ErrorResponse error, CompletedAnswer? completed)
    {
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("message", error.Message);
        json.WriteString("type", error.Type);
        json.WriteString("param", error.Parameter);
        json.WriteString("code", error.Code);
        json.WriteEndObject();
        if (completed is not null)
        {
            ReceiptJson.Write(json, completed);
        }

        json.WriteEndObject();
    }
}
