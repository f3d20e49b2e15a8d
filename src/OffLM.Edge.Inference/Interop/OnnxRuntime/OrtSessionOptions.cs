namespace OffLM.Edge.Inference.Interop.OnnxRuntime;

/// <summary>How a session computes.</summary>
internal sealed unsafe class OrtSessionOptions : IDisposable
{
    internal OrtSessionOptions()
    {
        nint address;
        OrtStatus.ThrowIfError(NativeMethods.CreateSessionOptions(&address));
        Handle = new SessionOptionsHandle(address);
    }

    internal SessionOptionsHandle Handle { get; }

    /// <summary>True until an accelerator's execution provider was added.</summary>
    internal bool IsOnCpu { get; private set; } = true;

    /// <summary>Threads that one operator computes with; 0 lets the library choose.</summary>
    internal int Threads
    {
        set => OrtStatus.ThrowIfError(NativeMethods.SetIntraOpNumThreads(Handle.Address, value));
    }

    /// <summary>One of the library's named settings (onnxruntime_session_options_config_keys.h).</summary>
    internal void Set(string key, string value)
    {
        var (name, text) = (new OrtName(key), new OrtName(value));
        OrtStatus.ThrowIfError(NativeMethods.AddSessionConfigEntry(Handle.Address, name.Address, text.Address));
        GC.KeepAlive(name);
        GC.KeepAlive(text);
    }

    /// <summary>Adds TensorRT behind the providers that were added before: it takes the nodes that they left. Loads its library.</summary>
    /// <param name="settings">The provider's own names and values (<c>trt_provider_options</c>).</param>
    /// <exception cref="InferenceException">The library's reason.</exception>
    internal void AddTensorRt(IReadOnlyDictionary<string, string> settings)
    {
        nint address;
        OrtStatus.ThrowIfError(NativeMethods.CreateTensorRtOptions(&address));
        using var options = new TensorRtOptionsHandle(address);
        Add(options, &NativeMethods.UpdateTensorRtOptions, &NativeMethods.AppendTensorRt, settings);
    }

    /// <summary>Adds CUDA behind the providers that were added before: it takes the nodes that they left. Loads its library.</summary>
    /// <param name="settings">The provider's own names and values.</param>
    /// <exception cref="InferenceException">The library's reason.</exception>
    internal void AddCuda(IReadOnlyDictionary<string, string> settings)
    {
        nint address;
        OrtStatus.ThrowIfError(NativeMethods.CreateCudaOptions(&address));
        using var options = new CudaOptionsHandle(address);
        Add(options, &NativeMethods.UpdateCudaOptions, &NativeMethods.AppendCuda, settings);
    }

    public void Dispose() => Handle.Dispose();

    private void Add(
        OrtHandle options,
        delegate*<nint, byte**, byte**, nuint, nint> update,
        delegate*<nint, nint, nint> append,
        IReadOnlyDictionary<string, string> settings)
    {
        // Providers log while they are set up, which the environment must be there for.
        _ = OrtEnvironment.Instance;
        List<OrtName> names = [], values = [];
        foreach (var (name, value) in settings)
        {
            names.Add(new OrtName(name));
            values.Add(new OrtName(value));
        }

        var count = names.Count;
        var addresses = stackalloc byte*[2 * count];
        for (var i = 0; i < count; i++)
        {
            addresses[i] = names[i].Address;
            addresses[count + i] = values[i].Address;
        }

        // Also without settings: unlike what follows, this gives the whole reason why the provider's library can't be had.
        OrtStatus.ThrowIfError(update(options.Address, addresses, addresses + count, (nuint)count));
        GC.KeepAlive(names);
        GC.KeepAlive(values);
        OrtStatus.ThrowIfError(append(Handle.Address, options.Address));
        IsOnCpu = false;
    }
}
