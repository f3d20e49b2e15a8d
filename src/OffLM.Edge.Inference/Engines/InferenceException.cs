namespace OffLM.Edge.Inference;

/// <summary>Something about models or inference that the caller can be told in these words. Holds no prompt text.</summary>
public class InferenceException(string message, Exception? inner = null) : Exception(message, inner);
