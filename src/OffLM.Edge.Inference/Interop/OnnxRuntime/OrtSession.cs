using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference.Interop.OnnxRuntime;

/// <summary>A graph in memory, ready to run.</summary>
internal sealed unsafe class OrtSession : IDisposable
{
    private delegate nint GetName(nint session, nuint index, nint allocator, nint* name);

    private delegate nint GetTypeInfo(nint session, nuint index, nint* info);

    private readonly SessionHandle _handle;

    /// <param name="path">An ONNX file; its external data lies beside it.</param>
    /// <param name="options">How to compute.</param>
    /// <exception cref="InferenceException">The library's reason.</exception>
    internal OrtSession(string path, OrtSessionOptions options)
        : this(FromFile(path, options), options)
    {
    }

    /// <param name="model">An ONNX file's contents.</param>
    /// <param name="options">How to compute.</param>
    /// <exception cref="InferenceException">The library's reason.</exception>
    internal OrtSession(ReadOnlySpan<byte> model, OrtSessionOptions options)
        : this(FromBytes(model, options), options)
    {
    }

    private OrtSession(nint address, OrtSessionOptions options)
    {
        _handle = new SessionHandle(address);
        IsOnCpu = options.IsOnCpu;
        nuint inputs, outputs, overridable;
        OrtStatus.ThrowIfError(NativeMethods.SessionGetInputCount(address, &inputs));
        OrtStatus.ThrowIfError(NativeMethods.SessionGetOutputCount(address, &outputs));
        Inputs = Values((int)inputs, NativeMethods.SessionGetInputName, NativeMethods.SessionGetInputTypeInfo);
        OrtStatus.ThrowIfError(NativeMethods.SessionGetOverridableInitializerCount(address, &overridable));
        Overridable = Values((int)overridable, NativeMethods.SessionGetOverridableInitializerName, NativeMethods.SessionGetOverridableInitializerTypeInfo);
        Outputs = Values((int)outputs, NativeMethods.SessionGetOutputName, NativeMethods.SessionGetOutputTypeInfo);
    }

    /// <summary>False if an accelerator may compute a part of it: then the library copies what it reads when that is bound.</summary>
    internal bool IsOnCpu { get; }

    internal IReadOnlyList<OrtValueInfo> Inputs { get; }

    internal IReadOnlyList<OrtValueInfo> Outputs { get; }

    /// <summary>Inputs that may be left out: they have a value in the graph.</summary>
    internal IReadOnlyList<OrtValueInfo> Overridable { get; }

    /// <exception cref="InferenceException">The session has no allocator for such memory.</exception>
    internal AllocatorHandle CreateAllocator(MemoryInfoHandle memory)
    {
        nint address;
        OrtStatus.ThrowIfError(NativeMethods.CreateAllocator(_handle.Address, memory.Address, &address));
        return new AllocatorHandle(address);
    }

    internal OrtIoBinding CreateBinding()
    {
        nint address;
        OrtStatus.ThrowIfError(NativeMethods.CreateIoBinding(_handle.Address, &address));
        return new OrtIoBinding(new IoBindingHandle(address));
    }

    /// <summary>Computes all outputs from what is bound.</summary>
    /// <exception cref="InferenceException">It failed, or was terminated.</exception>
    internal void Run(OrtIoBinding binding, OrtRunOptions options) =>
        OrtStatus.ThrowIfError(NativeMethods.RunWithBinding(_handle.Address, options.Handle.Address, binding.Handle.Address));

    /// <summary>Counts the nodes, and those of them that the CPU computes. Wants a session whose options had <c>session.record_ep_graph_assignment_info</c>.</summary>
    /// <returns>Null if the library can't tell.</returns>
    internal NodePlacement? CountNodes()
    {
        if (!NativeMethods.TellsPlacement)
        {
            return null;
        }

        nint* parts;
        nuint count;
        OrtStatus.ThrowIfError(NativeMethods.GetPlacement(_handle.Address, &parts, &count));
        var (all, onCpu) = (0, 0);
        for (nuint i = 0; i < count; i++)
        {
            nint name;
            nint* nodes;
            nuint inside;
            OrtStatus.ThrowIfError(NativeMethods.GetPartProvider(parts[i], &name));
            OrtStatus.ThrowIfError(NativeMethods.GetPartNodes(parts[i], &nodes, &inside));
            all += (int)inside;
            onCpu += Marshal.PtrToStringUTF8(name) == "CPUExecutionProvider" ? (int)inside : 0;
        }

        return new NodePlacement(all, onCpu);
    }

    public void Dispose() => _handle.Dispose();

    private static nint FromFile(string path, OrtSessionOptions options)
    {
        nint address;
        var file = new OrtName(path);
        OrtStatus.ThrowIfError(NativeMethods.CreateSession(OrtEnvironment.Instance.Handle.Address, file.Address, options.Handle.Address, &address));
        GC.KeepAlive(file);
        return address;
    }

    private static nint FromBytes(ReadOnlySpan<byte> model, OrtSessionOptions options)
    {
        nint address;
        fixed (byte* bytes = model)
        {
            OrtStatus.ThrowIfError(NativeMethods.CreateSessionFromArray(
                OrtEnvironment.Instance.Handle.Address, bytes, (nuint)model.Length, options.Handle.Address, &address));
        }

        return address;
    }

    private OrtValueInfo[] Values(int count, GetName getName, GetTypeInfo getTypeInfo)
    {
        nint allocator;
        OrtStatus.ThrowIfError(NativeMethods.GetAllocatorWithDefaultOptions(&allocator));
        var values = new OrtValueInfo[count];
        for (var i = 0; i < count; i++)
        {
            nint name, info;
            OrtStatus.ThrowIfError(getName(_handle.Address, (nuint)i, allocator, &name));
            var text = Marshal.PtrToStringUTF8(name) ?? "";
            OrtStatus.ThrowIfError(NativeMethods.AllocatorFree(allocator, name));
            OrtStatus.ThrowIfError(getTypeInfo(_handle.Address, (nuint)i, &info));
            try
            {
                values[i] = Describe(text, info);
            }
            finally
            {
                NativeMethods.ReleaseTypeInfo(info);
            }
        }

        return values;
    }

    private static OrtValueInfo Describe(string name, nint info)
    {
        nint tensor;
        OrtStatus.ThrowIfError(NativeMethods.CastTypeInfoToTensorInfo(info, &tensor));
        if (tensor == 0)
        {
            return new OrtValueInfo(name, OrtElementType.Undefined, []);
        }

        int type;
        nuint count;
        OrtStatus.ThrowIfError(NativeMethods.GetTensorElementType(tensor, &type));
        OrtStatus.ThrowIfError(NativeMethods.GetDimensionsCount(tensor, &count));
        var shape = new long[count];
        fixed (long* dimensions = shape)
        {
            OrtStatus.ThrowIfError(NativeMethods.GetDimensions(tensor, dimensions, count));
        }

        return new OrtValueInfo(name, (OrtElementType)type, shape);
    }
}
