namespace OffLM.Edge.Inference;

/// <summary>An execution provider that was tried in vain.</summary>
/// <param name="Provider">Its name.</param>
/// <param name="Reason">Why, in ONNX Runtime's words where they are its.</param>
public sealed record ProviderFailure(string Provider, string Reason);
