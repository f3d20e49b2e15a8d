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
    /// <param name="session">The graph.</param>
    /// <param name="kind">How its cache goes in and out.</param>
    /// <param name="settings">What its configuration says of it.</param>
    /// <param name="vocabularySize">Scores of a token.</param>
    /// <returns>The type of the cache's elements.</returns>
    /// <exception cref="UnknownGraphException">With the reason.</exception>
    internal static OrtElementType CheckValues(OrtSession session, GraphKind kind, DecoderSettings settings, int vocabularySize)
    {

        HashSet<string> tokens = [settings.InputIds, settings.AttentionMask, settings.PositionIds, DecoderHead.Wanted];
        HashSet<string> past = [.. settings.PastKeys, .. settings.PastValues];
        HashSet<string> present = [.. settings.PresentKeys, .. settings.PresentValues];
        var cacheType = session.Inputs.FirstOrDefault(i => past.Contains(i.Name))?.Type ?? OrtElementType.Undefined;
        Require(IsKnownFloat(cacheType, kind), $"its cache is not {KnownFloats(kind)}");
        foreach (var input in session.Inputs)
        {
            if (tokens.Contains(input.Name))
            {
                Require(input.Type == OrtElementType.Int64, $"its input {input.Name} is not of type int64");
                continue;
            }

            Require(past.Remove(input.Name), $"its graph wants the input {input.Name}");
            RequireCache(input, cacheType, settings);
        }

        foreach (var output in session.Outputs)
        {
            if (output.Name == settings.Logits)
            {
                Require(
                    IsKnownFloat(output.Type, kind) && output.Shape is [_, _, var width] && width == vocabularySize,
                    $"its scores are not {KnownFloats(kind)}, or not {vocabularySize} for a token");
                continue;
            }

            if (output.Name == DecoderHead.Maxima)
            {
                continue;
            }

            Require(present.Remove(output.Name), $"its graph gives the output {output.Name}");
            RequireCache(output, cacheType, settings);
        }

        Require(Has(session.Inputs, settings.InputIds) && Has(session.Inputs, settings.AttentionMask), "its graph takes no token ids or no attention mask");
        Require(Has(session.Outputs, settings.Logits) && past.Count == 0 && present.Count == 0, "its graph lacks an input or output that its configuration names");
        return cacheType;
    }

    internal static bool Has(IReadOnlyList<OrtValueInfo> values, string name) => values.Any(v => v.Name == name);

    /// <summary>Whether a run gives scores after each row's last token, or after each token. The graph must have been checked.</summary>
    internal static bool GivesLastTokenOnly(OrtSession session, DecoderSettings settings) =>
        session.Outputs.First(o => o.Name == settings.Logits).Shape[1] == 1;

    /// <summary>Whether scores are 16-bit floats. The graph must have been checked.</summary>
    internal static bool GivesHalves(OrtSession session, DecoderSettings settings) =>
        session.Outputs.First(o => o.Name == settings.Logits).Type == OrtElementType.Float16;

    private static bool IsKnownFloat(OrtElementType type, GraphKind kind) =>
        type == OrtElementType.Float || (type == OrtElementType.Float16 && kind == GraphKind.SharedCache);

    private static string KnownFloats(GraphKind kind) => kind == GraphKind.SharedCache ? "float32 or float16" : "float32";

    private static void RequireCache(OrtValueInfo value, OrtElementType type, DecoderSettings settings) => Require(
        value.Type == type && value.Shape is [_, var heads, _, var size] && heads == settings.KeyValueHeads && size == settings.HeadSize,
        $"its cache {value.Name} is not {(type == OrtElementType.Float ? "float32" : "float16")} of {settings.KeyValueHeads} heads of {settings.HeadSize}");

    private static void Require(bool condition, string reason)
    {
        if (!condition)
        {
            throw new UnknownGraphException(reason);
        }
    }
}
