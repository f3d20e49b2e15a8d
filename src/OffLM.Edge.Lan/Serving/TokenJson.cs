using System.Text.Json;
using OffLM.Edge.Inference;

namespace OffLM.Edge.Lan.Serving;

/// <summary>Writes tokens with their probabilities in the shape that both APIs' chats share.</summary>
internal static class TokenJson
{
    /// <summary>A probability of zero has no finite logarithm, and JSON no infinity; this is OpenAI's word for it.</summary>
    public static double Finite(double logprob) => double.IsFinite(logprob) ? logprob : -9999;

    public static void Write(Utf8JsonWriter json, TokenLogprob token, bool withTop)
    {
        json.WriteStartObject();
        json.WriteString("token", token.Text);
        json.WriteNumber("logprob", Finite(token.Logprob));
        json.WriteStartArray("bytes");
        foreach (var b in token.Utf8)
        {
            json.WriteNumberValue(b);
        }

        json.WriteEndArray();
        if (withTop)
        {
            json.WriteStartArray("top_logprobs");
            foreach (var top in token.Top)
            {
                Write(json, top, withTop: false);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
