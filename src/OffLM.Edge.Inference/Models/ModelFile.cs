namespace OffLM.Edge.Inference;

/// <summary>What one file of a model must be.</summary>
/// <param name="Sha256">64 lower-case hexadecimal digits.</param>
/// <param name="Bytes">Its exact length.</param>
public sealed record ModelFile(string Sha256, long Bytes);
