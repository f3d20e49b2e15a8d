namespace OffLM.Edge.Inference;

/// <summary>An adapter (LoRA) of another model: the part <c>adapter</c> of its manifest. It is asked for as a model of its own.</summary>
/// <param name="Base">The name or id of the model that it adapts.</param>
/// <param name="File">Its file, in ONNX Runtime's adapter format.</param>
public sealed record AdapterSettings(string Base, string File);
