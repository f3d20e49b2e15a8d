namespace OffLM.Edge.Inference;

/// <summary>The shapes that a graph's inputs take, as TensorRT's settings have them: it compiles for these, and computes no others.</summary>
internal interface IInputShapes
{
    /// <summary>Each length at its least.</summary>
    string Least { get; }

    /// <summary>What it tunes for.</summary>
    string Usual { get; }

    /// <summary>Each length at its most; it takes memory for all of them together.</summary>
    string Most { get; }
}
