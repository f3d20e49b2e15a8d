namespace OffLM.Edge.Inference;

/// <summary>How a decoder's graph takes the keys and values of earlier tokens.</summary>
internal enum GraphKind
{
    /// <summary>GroupQueryAttention: past and present are one buffer, which it writes new tokens into. Operators of ONNX Runtime's own.</summary>
    SharedCache,

    /// <summary>Standard operators: past goes in, and comes out with the new tokens behind it.</summary>
    GrowingCache,
}
