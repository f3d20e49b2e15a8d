namespace OffLM.ModelForge.Onnx;

/// <summary>One axis of a graph input or output: a length, or a name for one that varies from call to call.</summary>
internal readonly record struct Dimension(long Length, string? Name)
{
    public static implicit operator Dimension(int length) => new(length, null);

    public static implicit operator Dimension(string name) => new(0, name);
}
