using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>The names of a graph's inputs and outputs, ready to be bound.</summary>
internal sealed class DirectNames(DecoderSettings settings, bool takesPositions)
{
    internal OrtName InputIds { get; } = new(settings.InputIds);

    internal OrtName AttentionMask { get; } = new(settings.AttentionMask);

    /// <summary>Null for graphs that find the positions themselves.</summary>
    internal OrtName? PositionIds { get; } = takesPositions ? new(settings.PositionIds) : null;

    internal OrtName Logits { get; } = new(settings.Logits);

    internal OrtName[] PastKeys { get; } = Names(settings.PastKeys);

    internal OrtName[] PastValues { get; } = Names(settings.PastValues);

    internal OrtName[] PresentKeys { get; } = Names(settings.PresentKeys);

    internal OrtName[] PresentValues { get; } = Names(settings.PresentValues);

    private static OrtName[] Names(IReadOnlyList<string> names)
    {
        var found = new OrtName[names.Count];
        for (var i = 0; i < found.Length; i++)
        {
            found[i] = new OrtName(names[i]);
        }

        return found;
    }
}
