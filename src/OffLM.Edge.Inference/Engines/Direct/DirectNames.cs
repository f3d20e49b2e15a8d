using OffLM.Edge.Inference.Interop.OnnxRuntime;

namespace OffLM.Edge.Inference;

/// <summary>The names of a graph's inputs and outputs, ready to be bound.</summary>
internal sealed class DirectNames(DecoderSettings settings, OrtSession session)
{
    internal OrtName InputIds { get; } = new(settings.InputIds);

    internal OrtName AttentionMask { get; } = new(settings.AttentionMask);

    /// <summary>Null for graphs that find the positions themselves.</summary>
    internal OrtName? PositionIds { get; } = DirectGraph.Has(session.Inputs, settings.PositionIds) ? new(settings.PositionIds) : null;

    internal OrtName Logits { get; } = new(settings.Logits);

    /// <summary>See <see cref="DecoderHead"/>; null if the graph doesn't have it.</summary>
    internal OrtName? Wanted { get; } = DirectGraph.Has(session.Inputs, DecoderHead.Wanted) ? new(DecoderHead.Wanted) : null;

    /// <summary>Likewise.</summary>
    internal OrtName? Maxima { get; } = DirectGraph.Has(session.Outputs, DecoderHead.Maxima) ? new(DecoderHead.Maxima) : null;

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
