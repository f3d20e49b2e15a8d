using System.Text.Json;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.OpenAi;

/// <summary>What every object of one answer begins with, and what both endpoints' answers share.</summary>
internal sealed class AnswerHead(string prefix, IAnswer answer, string model, DateTimeOffset created)
{
    private const int IdDigits = 24;

    /// <summary>The start of the receipt's name, so that a client's log leads to the receipt.</summary>
    private readonly string _id = prefix + answer.Request.ToString().Substring(2, IdDigits);

    /// <summary>The same weights have the same fingerprint on every box.</summary>
    private readonly string _fingerprint = "fp_" + answer.Model.Id[..12];

    private readonly long _created = created.ToUnixTimeSeconds();

    /// <summary>A number that tells this answer's tool calls from other answers'.</summary>
    public string CallId(int index) => $"call_{_id[^IdDigits..]}{index:x2}";

    public void Write(Utf8JsonWriter json, string kind)
    {
        json.WriteStartObject();
        json.WriteString("id", _id);
        json.WriteString("object", kind);
        json.WriteNumber("created", _created);
        json.WriteString("model", model);
        json.WriteString("system_fingerprint", _fingerprint);
    }

    public static string FinishReason(CompletedAnswer completed, bool hasCalls) =>
        completed.Receipt.Outcome is Outcome.Length or Outcome.LimitReached ? "length" : hasCalls ? "tool_calls" : "stop";

    public static void WriteUsage(Utf8JsonWriter json, CompletedAnswer completed)
    {
        var receipt = completed.Receipt;
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", receipt.PromptTokens);
        json.WriteNumber("completion_tokens", receipt.CompletionTokens);
        json.WriteNumber("total_tokens", (long)receipt.PromptTokens + receipt.CompletionTokens);
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", receipt.CachedTokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
