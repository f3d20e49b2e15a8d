using System.Globalization;
using System.Text.Json;
using OffLM.Edge.Work.Requests;

namespace OffLM.Edge.Lan.Serving;

/// <summary>The <c>offlm</c> object by which every answer names its receipt.</summary>
internal static class ReceiptJson
{
    /// <summary>The header that carries the receipt's name before the first token.</summary>
    public const string Header = "Offlm-Receipt";

    public static void Write(Utf8JsonWriter json, CompletedAnswer completed)
    {
        var receipt = completed.Receipt;
        json.WriteStartObject("offlm");
        json.WriteString("receipt", receipt.Request.ToString());
        json.WriteNumber("sequence", receipt.Sequence);

        // Whole atto-OFFLM exceed what JSON numbers carry safely.
        json.WriteString("fee", receipt.Fee.ToString(CultureInfo.InvariantCulture));
        json.WriteNumber("promptTokens", receipt.PromptTokens);
        json.WriteNumber("completionTokens", receipt.CompletionTokens);
        json.WriteNumber("energyMicrojoules", receipt.EnergyMicrojoules);
        json.WriteStartObject("salts");
        json.WriteString("prompt", completed.Salts.Prompt.ToString());
        json.WriteString("completion", completed.Salts.Completion.ToString());
        json.WriteString("execution", completed.Salts.Execution.ToString());
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
