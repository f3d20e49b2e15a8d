namespace OffLM.ModelForge;

/// <summary>What was written.</summary>
/// <param name="Parameters">Weights, biases and normalisation factors; a tied embedding counts once.</param>
/// <param name="Bytes">Size of the folder's files together.</param>
public readonly record struct ForgedModel(long Parameters, long Bytes);
