namespace OffLM.Edge.Inference;

/// <summary>An execution provider of ONNX Runtime, as one rung of a ladder: if it can't be had, the next is tried.</summary>
/// <param name="Name">One of <see cref="Names"/>.</param>
/// <param name="Options">The provider's own settings, by the names that ONNX Runtime's documentation gives them; they win over what the engine sets.</param>
public sealed record ProviderRung(string Name, IReadOnlyDictionary<string, string> Options)
{
    /// <summary>NVIDIA's compiler; what it doesn't know is left to CUDA.</summary>
    public const string TensorRt = "TensorRT";

    /// <summary>ONNX Runtime's own kernels for NVIDIA's GPUs.</summary>
    public const string Cuda = "CUDA";

    /// <summary>Always there.</summary>
    public const string Cpu = "CPU";

    /// <summary>All there are.</summary>
    public static IReadOnlyList<string> Names { get; } = [TensorRt, Cuda, Cpu];
}
