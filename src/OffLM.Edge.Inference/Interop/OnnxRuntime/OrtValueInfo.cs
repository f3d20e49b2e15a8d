namespace OffLM.Edge.Inference.Interop.OnnxRuntime;

/// <summary>An input or output of a graph.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Of its elements; undefined for what is no tensor.</param>
/// <param name="Shape">Its dimensions; −1 for those that each run decides.</param>
internal sealed record OrtValueInfo(string Name, OrtElementType Type, IReadOnlyList<long> Shape);
