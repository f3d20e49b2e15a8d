namespace OffLM.Edge.Inference;

/// <summary>Where a graph's nodes are computed.</summary>
/// <param name="Nodes">All that are left after the library's optimisation.</param>
/// <param name="OnCpu">Those of them that the CPU computes.</param>
public sealed record NodePlacement(int Nodes, int OnCpu);
