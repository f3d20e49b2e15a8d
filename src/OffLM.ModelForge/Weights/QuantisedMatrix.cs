namespace OffLM.ModelForge.Weights;

/// <summary>A 4-bit matrix in the graph: the names of its packed weights and of its scales, and its shape.</summary>
internal readonly record struct QuantisedMatrix(string Weights, string Scales, int Inputs, int Outputs)
{
    /// <summary>Weights in the matrix; scales are not counted as parameters.</summary>
    public long Parameters => (long)Inputs * Outputs;
}
