namespace OffLM.ModelForge.Onnx;

/// <summary>Writes the next bytes of a tensor, little-endian, into all of <paramref name="piece"/>.</summary>
internal delegate void TensorFill(Span<byte> piece);
