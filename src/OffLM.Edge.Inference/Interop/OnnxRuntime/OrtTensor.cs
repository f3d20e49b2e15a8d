namespace OffLM.Edge.Inference.Interop.OnnxRuntime;

/// <summary>Element types (<c>ONNXTensorElementDataType</c>).</summary>
internal enum OrtElementType
{
    Undefined = 0,
    Float = 1,
    Int64 = 7,
    Float16 = 10,
}

/// <summary>A tensor over memory of ours, or that we took on a device; it must outlive the tensor and whatever that is bound to.</summary>
internal sealed unsafe class OrtTensor : IDisposable
{
    private OrtTensor(ValueHandle handle) => Handle = handle;

    internal ValueHandle Handle { get; }

    internal static OrtTensor Over(float* data, params ReadOnlySpan<long> shape) => Over(data, OrtElementType.Float, shape);

    internal static OrtTensor Over(long* data, params ReadOnlySpan<long> shape) => Over(data, OrtElementType.Int64, shape);

    internal static OrtTensor Over(void* data, OrtElementType type, params ReadOnlySpan<long> shape) =>
        Over(OrtEnvironment.Instance.CpuMemory, data, type, shape);

    internal static OrtTensor Over(MemoryInfoHandle memory, void* data, OrtElementType type, params ReadOnlySpan<long> shape)
    {
        var bytes = (nuint)BytesOf(type);
        foreach (var length in shape)
        {
            bytes *= checked((nuint)length);
        }

        nint value;
        fixed (long* dimensions = shape)
        {
            OrtStatus.ThrowIfError(NativeMethods.CreateTensorWithDataAsOrtValue(
                memory.Address, data, bytes, dimensions, (nuint)shape.Length, (int)type, &value));
        }

        return new OrtTensor(new ValueHandle(value));
    }

    /// <summary>What an element takes.</summary>
    internal static int BytesOf(OrtElementType type) => type switch
    {
        OrtElementType.Float => sizeof(float),
        OrtElementType.Float16 => sizeof(ushort),
        OrtElementType.Int64 => sizeof(long),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Only types that are computed with here."),
    };

    public void Dispose() => Handle.Dispose();
}
