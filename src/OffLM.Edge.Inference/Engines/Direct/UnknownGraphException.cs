namespace OffLM.Edge.Inference;

/// <summary>The direct engine can't feed a model's graph. The message continues «not computed directly: ».</summary>
public sealed class UnknownGraphException(string message) : InferenceException(message);
