namespace OffLM.Edge.Inference;

/// <summary>Which engine computes the models.</summary>
public enum EngineChoice
{
    /// <summary>The one that serves several people best: the direct one.</summary>
    Auto,

    /// <summary>Our own decode loop on ONNX Runtime, which steps all answers together; GenAI for models whose graph it doesn't know.</summary>
    Direct,

    /// <summary>ONNX Runtime GenAI, an answer at a time.</summary>
    GenAi,
}
