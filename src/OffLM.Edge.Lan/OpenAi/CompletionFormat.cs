using System.Text.Json;
using OffLM.Edge.Inference;
using OffLM.Edge.Lan.Serving;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.OpenAi;

/// <summary>A completion: one <c>text_completion</c> object, or a stream of them.</summary>
/// <param name="head">What every object begins with.</param>
/// <param name="includeUsage">True to end a stream with a chunk of usage.</param>
internal sealed class CompletionFormat(AnswerHead head, bool includeUsage) : IAnswerFormat
{
    private const string Kind = "text_completion";

    /// <summary>UTF-16 units written before, for <c>text_offset</c>.</summary>
    private int _offset;

    public ChunkFraming Framing => ChunkFraming.Events;

    public void WriteBegin(ChunkWriter chunks)
    {
        // A completion's stream has no opening of its own.
    }

    public void WritePart(ChunkWriter chunks, AnswerPart part, IReadOnlyList<TokenLogprob> logprobs) =>
        WriteChunk(chunks, part.Text ?? "", logprobs, null, null);

    public void WriteEnd(ChunkWriter chunks, CompletedAnswer completed, bool hasCalls)
    {
        WriteChunk(chunks, "", [], AnswerHead.FinishReason(completed, false), completed);
        if (!includeUsage)
        {
            return;
        }

        var json = chunks.BeginChunk();
        head.Write(json, Kind);
        json.WriteStartArray("choices");
        json.WriteEndArray();
        AnswerHead.WriteUsage(json, completed);
        json.WriteEndObject();
        chunks.EndChunk();
    }

    public void WriteWhole(Utf8JsonWriter json, WholeAnswer answer)
    {
        head.Write(json, Kind);
        WriteChoice(json, answer.Text, answer.Logprobs, AnswerHead.FinishReason(answer.Completed, false));
        AnswerHead.WriteUsage(json, answer.Completed);
        ReceiptJson.Write(json, answer.Completed);
        json.WriteEndObject();
    }

    public void WriteError(Utf8JsonWriter json, ErrorResponse error, CompletedAnswer? completed) =>
        OpenAiErrorFormat.Instance.WriteError(json, error, completed);

    private void WriteChunk(
        ChunkWriter chunks, string text, IReadOnlyList<TokenLogprob> logprobs, string? finishReason, CompletedAnswer? completed)
    {
        var json = chunks.BeginChunk();
        head.Write(json, Kind);
        WriteChoice(json, text, logprobs, finishReason);
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

    private void WriteChoice(Utf8JsonWriter json, string text, IReadOnlyList<TokenLogprob> logprobs, string? finishReason)
    {
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteString("text", text);
        WriteLogprobs(json, logprobs);
        json.WriteString("finish_reason", finishReason);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private void WriteLogprobs(Utf8JsonWriter json, IReadOnlyList<TokenLogprob> logprobs)
    {
        if (logprobs.Count == 0)
        {
            json.WriteNull("logprobs");
            return;
        }

        json.WriteStartObject("logprobs");
        WriteArray("tokens", static (json, token) => json.WriteStringValue(token.Text));
        WriteArray("token_logprobs", static (json, token) => json.WriteNumberValue(TokenJson.Finite(token.Logprob)));
        WriteArray("top_logprobs", WriteTop);
        json.WriteStartArray("text_offset");
        foreach (var token in logprobs)
        {
            json.WriteNumberValue(_offset);
            _offset += token.Text.Length;
        }

        json.WriteEndArray();
        json.WriteEndObject();

        void WriteArray(string name, Action<Utf8JsonWriter, TokenLogprob> write)
        {
            json.WriteStartArray(name);
            foreach (var token in logprobs)
            {
                write(json, token);
            }

            json.WriteEndArray();
        }
    }

    private static void WriteTop(Utf8JsonWriter json, TokenLogprob token)
    {
        json.WriteStartObject();

        // Tokens that are parts of a character can have the same text; as keys they would be one.
        foreach (var top in token.Top.DistinctBy(t => t.Text))
        {
            json.WriteNumber(top.Text, TokenJson.Finite(top.Logprob));
        }

        json.WriteEndObject();
    }
}
