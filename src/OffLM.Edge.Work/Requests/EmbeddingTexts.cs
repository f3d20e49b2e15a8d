using System.Buffers;
using System.Text.Json;
using OffLM.Edge.Inference;
using OffLM.Edge.Metering.Receipts;
using OffLM.Edge.Signing;

namespace OffLM.Edge.Work.Requests;

/// <summary>The texts of a request for embeddings as the model gets them.</summary>
internal static class EmbeddingTexts
{
    private const string Parameter = "input";

    /// <summary>Each text's tokens, with what the model wants before and after them.</summary>
    /// <exception cref="RefusedException">A text is too long or empty, or has tokens that the model doesn't know.</exception>
    public static int[][] Tokenise(ModelLease lease, EmbeddingRequest request)
    {
        var settings = lease.Embeddings.Settings;
        var room = lease.ContextLength - settings.Begin.Count - settings.End.Count;
        var sequences = new int[request.Inputs.Count][];
        for (var i = 0; i < sequences.Length; i++)
        {
            var tokens = request.Inputs[i] is { Tokens: { } given } ? Known(given, lease) : lease.Encode(request.Inputs[i].Text ?? "");
            if (tokens.Length > room && !request.Truncate)
            {
                throw new RefusedException(
                    RefusalReason.ContextExceeded,
                    $"Text {i + 1} has {tokens.Length} tokens; {lease.Model.Name} takes {room} of each. Shorten it, or cut it into several.",
                    parameter: Parameter);
            }

            sequences[i] = [.. settings.Begin, .. tokens.AsSpan(0, Math.Min(tokens.Length, room)), .. settings.End];
            if (sequences[i].Length == 0)
            {
                throw new RefusedException(RefusalReason.InvalidRequest, $"Text {i + 1} is empty.", parameter: Parameter);
            }
        }

        return sequences;
    }

    /// <summary>How many numbers an embedding has.</summary>
    /// <exception cref="RefusedException">The model can't make such.</exception>
    public static int DimensionsOf(ModelLease lease, EmbeddingRequest request)
    {
        var settings = lease.Embeddings.Settings;
        if (request.Dimensions is not { } asked || asked == settings.Dimensions)
        {
            return settings.Dimensions;
        }

        return settings.Truncatable && asked < settings.Dimensions
            ? asked
            : throw new RefusedException(
                RefusalReason.InvalidRequest,
                $"Embeddings of {lease.Model.Name} have {settings.Dimensions} dimensions{(settings.Truncatable ? " or fewer" : ", neither more nor fewer")}; {asked} were asked for.",
                parameter: "dimensions");
    }

    /// <summary>The commitment to all texts: to the JSON array of them, each a string or an array of token ids.</summary>
    public static Bytes32 Commit(in Bytes32 salt, EmbeddingRequest request)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var input in request.Inputs)
            {
                if (input.Tokens is not { } tokens)
                {
                    json.WriteStringValue(input.Text);
                    continue;
                }

                json.WriteStartArray();
                foreach (var token in tokens)
                {
                    json.WriteNumberValue(token);
                }

                json.WriteEndArray();
            }

            json.WriteEndArray();
        }

        return Commitment.ToJson(salt, buffer.WrittenMemory);
    }

    private static int[] Known(int[] tokens, ModelLease lease)
    {
        foreach (var token in tokens)
        {
            if ((uint)token >= (uint)lease.VocabularySize)
            {
                throw new RefusedException(
                    RefusalReason.InvalidRequest,
                    $"Token {token} is not in the vocabulary of {lease.Model.Name} (0 to {lease.VocabularySize - 1}). Token ids differ from model to model: send the text.",
                    parameter: Parameter);
            }
        }

        return tokens;
    }
}
