using System.Buffers;
using System.Text;
using System.Text.Json;

namespace OffLM.Edge.Lan.Serving;

/// <summary>Collects messages in the form that chat templates read, whichever API they came by.</summary>
internal sealed class Conversation : IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly Utf8JsonWriter _json;

    public Conversation()
    {
        _json = new Utf8JsonWriter(_buffer, JsonResponse.WriterOptions);
        _json.WriteStartArray();
    }

    public void Add(string role, string content)
    {
        Begin(role, content);
        _json.WriteEndObject();
    }

    /// <summary>Adds what a tool answered.</summary>
    /// <param name="content">The answer.</param>
    /// <param name="name">The tool's name; null if the client didn't say.</param>
    /// <param name="callId">Which call it answers; null if the client didn't say.</param>
    public void AddToolAnswer(string content, string? name, string? callId)
    {
        Begin("tool", content);
        if (name is not null)
        {
            _json.WriteString("name", name);
        }

        if (callId is not null)
        {
            _json.WriteString("tool_call_id", callId);
        }

        _json.WriteEndObject();
    }

    /// <summary>Adds an answer of the model's with the calls that it made.</summary>
    public void AddCalls(string content, IReadOnlyList<ToolCall> calls)
    {
        Begin("assistant", content);
        _json.WriteStartArray("tool_calls");
        foreach (var call in calls)
        {
            _json.WriteStartObject();
            _json.WriteString("type", "function");
            _json.WriteStartObject("function");
            _json.WriteString("name", call.Name);
            _json.WritePropertyName("arguments");
            _json.WriteRawValue(call.Arguments);
            _json.WriteEndObject();
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
        _json.WriteEndObject();
    }

    /// <summary>The messages as a JSON array. Nothing can be added afterwards.</summary>
    public string ToJson()
    {
        _json.WriteEndArray();
        _json.Flush();
        return Encoding.UTF8.GetString(_buffer.WrittenSpan);
    }

    public void Dispose() => _json.Dispose();

    private void Begin(string role, string content)
    {
        _json.WriteStartObject();
        _json.WriteString("role", role);
        _json.WriteString("content", content);
    }
}
