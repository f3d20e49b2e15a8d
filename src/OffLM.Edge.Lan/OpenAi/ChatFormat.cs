using System.Text.Json;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.OpenAi;

/// <summary>A chat completion: one object, or <c>chat.completion.chunk</c> events.</summary>
/// <param name="head">What every object begins with.</param>
/// <param name="includeUsage">True to end a stream with a chunk of usage.</param>
/// <param name="withLogprobs">True if probabilities were asked for.</param>
internal sealed class ChatFormat(AnswerHead head, bool includeUsage, bool withLogprobs) : IAnswerFormat
{
    private const string ChunkKind = "chat.completion.chunk";

    private int _calls;

    public ChunkFraming Framing => ChunkFraming.Events;

    public void WriteBegin(ChunkWriter chunks)
    {
        var json = BeginChoice(chunks);
        json.WriteString("role", "assistant");
        json.WriteString("content", "");
        EndChoice(chunks, json, [], null, null);
    }

    public void WritePart(ChunkWriter chunks, AnswerPart part, IReadOnlyList<TokenLogprob> logprobs)
    {
        var json = BeginChoice(chunks);
        if (part.Call is { } call)
        {
            json.WriteStartArray("tool_calls");
            WriteCall(json, call, _calls++, withIndex: true);
            json.WriteEndArray();
            EndChoice(chunks, json, [], null, null);
        }
        else
        {
            json.WriteString("content", part.Text);
            EndChoice(chunks, json, logprobs, null, null);
        }
    }

    public void WriteEnd(ChunkWriter chunks, CompletedAnswer completed, bool hasCalls)
    {
        var json = BeginChoice(chunks);
        EndChoice(chunks, json, [], AnswerHead.FinishReason(completed, hasCalls), completed);
        if (!includeUsage)
        {
            return;
        }

        json = chunks.BeginChunk();
        head.Write(json, ChunkKind);
        json.WriteStartArray("choices");
        json.WriteEndArray();
        AnswerHead.WriteUsage(json, completed);
        json.WriteEndObject();
        chunks.EndChunk();
    }

    public void WriteWhole(Utf8JsonWriter json, WholeAnswer answer)
    {
        head.Write(json, "chat.completion");
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        json.WriteString("content", answer.Calls.Count > 0 && answer.Text.Length == 0 ? null : answer.Text);
        json.WriteNull("refusal");
        if (answer.Calls.Count > 0)
        {
            json.WriteStartArray("tool_calls");
            foreach (var call in answer.Calls)
            {
                WriteCall(json, call, _calls++, withIndex: false);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        WriteLogprobs(json, answer.Logprobs);
        json.WriteString("finish_reason", AnswerHead.FinishReason(answer.Completed, answer.Calls.Count > 0));
        json.WriteEndObject();
        json.WriteEndArray();
        AnswerHead.WriteUsage(json, answer.Completed);
        ReceiptJson.Write(json, answer.Completed);
        json.WriteEndObject();
    }

    public void WriteError(Utf8JsonWriter json, ErrorResponse error, CompletedAnswer? completed) =>
        OpenAiErrorFormat.Instance.WriteError(json, error, completed);

    private Utf8JsonWriter BeginChoice(ChunkWriter chunks)
    {
        var json = chunks.BeginChunk();
        head.Write(json, ChunkKind);
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("delta");
        return json;
    }

    private void EndChoice(
        ChunkWriter chunks, Utf8JsonWriter json, IReadOnlyList<TokenLogprob> logprobs, string? finishReason, CompletedAnswer? completed)
    {
        json.WriteEndObject();
        WriteLogprobs(json, logprobs);
        json.WriteString("finish_reason", finishReason);
        json.WriteEndObject();
        json.WriteEndArray();
        if (includeUsage)
        {
            json.WriteNull("usage");
        }

        if (completed is not null)
        {
            ReceiptJson.Write(json, completed);
        }

        json.WriteEndObject();
        chunks.EndChunk();
    }

    private void WriteCall(Utf8JsonWriter json, ToolCall call, int index, bool withIndex)
    {
        json.WriteStartObject();
        if (withIndex)
        {
            json.WriteNumber("index", index);
        }

        json.WriteString("id", head.CallId(index));
        json.WriteString("type", "function");
        json.WriteStartObject("function");
        json.WriteString("name", call.Name);
        json.WriteString("arguments", call.Arguments);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteLogprobs(Utf8JsonWriter json, IReadOnlyList<TokenLogprob> logprobs)
    {
        if (!withLogprobs || logprobs.Count == 0)
        {
            json.WriteNull("logprobs");
            return;
        }

        json.WriteStartObject("logprobs");
        json.WriteStartArray("content");
        foreach (var token in logprobs)
        {
            TokenJson.Write(json, token, withTop: true);
        }

        json.WriteEndArray();
        json.WriteNull("refusal");
        json.WriteEndObject();
    }
}
