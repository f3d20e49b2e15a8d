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

    public void Dispose() => Handle.Dispose();
}
