namespace OffLM.Edge.Inference;

/// <summary>The schema that the output should conform to is not valid, or uses what the engine can't enforce.</summary>
public sealed class InvalidGuidanceException(string message, Exception? inner = null) : InferenceException(message, inner);
