namespace OffLM.Edge.Inference;

/// <summary>What is loaded, for the execution record.</summary>
/// <param name="OnnxRuntime">ONNX Runtime's version.</param>
/// <param name="GenAi">GenAI's, and of the runtime under it. It has no call for its version, so its file's digest stands for it.</param>
internal sealed record LibraryVersions(string OnnxRuntime, string GenAi);
