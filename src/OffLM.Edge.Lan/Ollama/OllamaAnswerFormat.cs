using System.Text.Json;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Ollama;

/// <summary>An answer of <c>/api/chat</c> or <c>/api/generate</c>: one object, or one a line.</summary>
/// <param name="answer">For how long its model took to load.</param>
/// <param name="model">The name that the client used.</param>
/// <param name="time">For <c>created_at</c>.</param>
/// <param name="isChat">True for messages, false for bare text.</param>
internal sealed class OllamaAnswerFormat(IAnswer answer, string model, TimeProvider time, bool isChat) : IAnswerFormat
{
    public ChunkFraming Framing => ChunkFraming.Lines;

    /// <summary>Writes the message of a chat's answer.</summary>
    public static void WriteMessage(Utf8JsonWriter json, string content, IReadOnlyList<ToolCall> calls)
    {
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        json.WriteString("content", content);
        if (calls.Count > 0)
        {
            json.WriteStartArray("tool_calls");
            foreach (var call in calls)
            {
                json.WriteStartObject();
                json.WriteStartObject("function");
                json.WriteString("name", call.Name);
                json.WritePropertyName("arguments");
                json.WriteRawValue(call.Arguments);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    public void WriteBegin(ChunkWriter chunks)
    {
        // Ollama's streams have no opening of their own.
    }

    public void WritePart(ChunkWriter chunks, AnswerPart part, IReadOnlyList<TokenLogprob> logprobs)
    {
        var json = chunks.BeginChunk();
        WriteContent(json, part.Text ?? "", part.Call is { } call ? [call] : []);
        WriteLogprobs(json, logprobs);
        json.WriteBoolean("done", false);
        json.WriteEndObject();
        chunks.EndChunk();
    }

    public void WriteEnd(ChunkWriter chunks, CompletedAnswer completed, bool hasCalls)
    {
        var json = chunks.BeginChunk();
        WriteContent(json, "", []);
        WriteDone(json, completed);
        json.WriteEndObject();
        chunks.EndChunk();
    }

    public void WriteWhole(Utf8JsonWriter json, WholeAnswer whole)
    {
        WriteContent(json, whole.Text, whole.Calls);
        WriteLogprobs(json, whole.Logprobs);
        WriteDone(json, whole.Completed);
        json.WriteEndObject();
    }

    public void WriteError(Utf8JsonWriter json, ErrorResponse error, CompletedAnswer? completed) =>
        PlainErrorFormat.Instance.WriteError(json, error, completed);

    private void WriteContent(Utf8JsonWriter json, string text, IReadOnlyList<ToolCall> calls)
    {
        json.WriteStartObject();
        json.WriteString("model", model);
        json.WriteString("created_at", time.GetUtcNow().UtcDateTime);
        if (isChat)
        {
            WriteMessage(json, text, calls);
        }
        else
        {
            json.WriteString("response", text);
        }
    }

    private void WriteDone(Utf8JsonWriter json, CompletedAnswer completed)
    {
        json.WriteBoolean("done", true);
        json.WriteString("done_reason", completed.Receipt.Outcome is Outcome.Length or Outcome.LimitReached ? "length" : "stop");
        json.WriteNumber("total_duration", Nanoseconds(completed.Total));
        json.WriteNumber("load_duration", Nanoseconds(answer.LoadDuration));
        json.WriteNumber("prompt_eval_count", completed.Receipt.PromptTokens);
        json.WriteNumber("prompt_eval_duration", Nanoseconds(completed.Result.PrefillTime));
        json.WriteNumber("eval_count", completed.Receipt.CompletionTokens);
        json.WriteNumber("eval_duration", Nanoseconds(completed.Result.DecodeTime));
        ReceiptJson.Write(json, completed);
    }

    private static void WriteLogprobs(Utf8JsonWriter json, IReadOnlyList<TokenLogprob> logprobs)
    {
        if (logprobs.Count == 0)
        {
            return;
        }

        json.WriteStartArray("logprobs");
        foreach (var token in logprobs)
        {
            TokenJson.Write(json, token, withTop: true);
        }

        json.WriteEndArray();
    }

    internal static long Nanoseconds(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;
}
