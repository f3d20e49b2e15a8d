using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>
/// Whether the direct engine knows how to feed a graph, and how: one decoder whose attention is ONNX Runtime's GroupQueryAttention, with past and present
/// in one buffer, as ModelForge and GenAI's model builder write them; or one of standard operators, with a cache that grows.
/// </summary>
internal static class DirectGraph
{
    private const string KnownAttention = "GroupQueryAttention";

    private const string AttentionInSteps = "Softmax";

    /// <summary>Looks at the file, before anything is loaded.</summary>
    /// <exception cref="UnknownGraphException">With the reason.</exception>
    internal static GraphKind CheckFile(string folder, DecoderSettings settings)
    {
        Require(settings.Companion is null, $"it has a {settings.Companion} part beside the decoder");
        IReadOnlySet<string> operators;
        try
        {
            operators = OnnxOperators.Read(Path.Combine(folder, settings.FileName));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new UnknownGraphException($"its {settings.FileName} can't be read as ONNX");
        }

        foreach (var name in operators)
        {
            // Others keep a cache of their own shape; branches change the positions' encoding when a sequence grows long.
            Require(name == KnownAttention || !name.Contains("Attention", StringComparison.Ordinal), $"its graph has the operator {name}");
            Require(name is not ("If" or "Loop" or "Scan"), $"its graph has the operator {name}");
        }

        Require(operators.Contains(KnownAttention) || operators.Contains(AttentionInSteps), $"its graph has no {KnownAttention}");
        return operators.Contains(KnownAttention) ? GraphKind.SharedCache : GraphKind.GrowingCache;
    }

    /// <summary>Looks at the loaded graph's inputs and outputs.</summary>
    /// <exception cref="UnknownGraphException">With the reason.</exception>
    internal static void CheckValues(OrtSession session, DecoderSettings settings, int vocabularySize)
    {
        HashSet<string> tokens = [settings.InputIds, settings.AttentionMask, settings.PositionIds, DecoderHead.Wanted];
        HashSet<string> past = [.. settings.PastKeys, .. settings.PastValues];
        HashSet<string> present = [.. settings.PresentKeys, .. settings.PresentValues];
        foreach (var input in session.Inputs)
        {
            if (tokens.Contains(input.Name))
            {
                Require(input.Type == OrtElementType.Int64, $"its input {input.Name} is not of type int64");
                continue;
            }

            Require(past.Remove(input.Name), $"its graph wants the input {input.Name}");
            RequireCache(input, settings);
        }

        foreach (var output in session.Outputs)
        {
            if (output.Name == settings.Logits)
            {
                Require(
                    output.Type == OrtElementType.Float && output.Shape is [_, _, var width] && width == vocabularySize,
                    $"its scores are not float32, or not {vocabularySize} for a token");
                continue;
            }

            if (output.Name == DecoderHead.Maxima)
            {
                continue;
            }

            Require(present.Remove(output.Name), $"its graph gives the output {output.Name}");
            RequireCache(output, settings);
        }

        Require(Has(session.Inputs, settings.InputIds) && Has(session.Inputs, settings.AttentionMask), "its graph takes no token ids or no attention mask");
        Require(Has(session.Outputs, settings.Logits) && past.Count == 0 && present.Count == 0, "its graph lacks an input or output that its configuration names");
    }

    internal static bool Has(IReadOnlyList<OrtValueInfo> values, string name) => values.Any(v => v.Name == name);

    /// <summary>Whether a run gives scores after each row's last token, or after each token. The graph must have been checked.</summary>
    internal static bool GivesLastTokenOnly(OrtSession session, DecoderSettings settings) =>
        session.Outputs.First(o => o.Name == settings.Logits).Shape[1] == 1;

    private static void RequireCache(OrtValueInfo value, DecoderSettings settings) => Require(
        value.Type == OrtElementType.Float && value.Shape is [_, var heads, _, var size] && heads == settings.KeyValueHeads && size == settings.HeadSize,
        $"its cache {value.Name} is not float32 of {settings.KeyValueHeads} heads of {settings.HeadSize}");

    private static void Require(bool condition, string reason)
    {
        if (!condition)
        {
            throw new UnknownGraphException(reason);
        }
    }
}
