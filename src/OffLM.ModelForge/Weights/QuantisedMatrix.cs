namespace OffLM.ModelForge.Weights;

/// <summary>A 4-bit matrix in the graph: the names of its packed weights and of its scales, and its shape.</summary>
internal readonly record struct QuantisedMatrix(string Weights, string Scales, int Inputs, int Outputs)
{
    /// <summary>Weights in the matrix; scales are not counted as parameters.</summary>
    public long Parameters => (long)Inputs * Outputs;

    /// <summary>The same weights as a table of whole bytes, where <see cref="StandardMatrix"/> added one.</summary>
    public string Rows => Weights.Replace("_int4", "_rows", StringComparison.Ordinal);

    /// <summary>The table's scales.</summary>
    public string RowScales => Scales.Replace("_block_scales", "_row_scales", StringComparison.Ordinal);
}
