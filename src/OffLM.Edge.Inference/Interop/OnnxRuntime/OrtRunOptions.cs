namespace OffLM.Edge.Inference.Interop.OnnxRuntime;

/// <summary>Something to stop a run with.</summary>
internal sealed unsafe class OrtRunOptions : IDisposable
{
    internal OrtRunOptions()
    {
        nint address;
        OrtStatus.ThrowIfError(NativeMethods.CreateRunOptions(&address));
        Handle = new RunOptionsHandle(address);
    }

    internal RunOptionsHandle Handle { get; }

    /// <summary>Makes the run that has these options, and each later one, fail soon. From any thread.</summary>
    internal void Terminate() => OrtStatus.ThrowIfError(NativeMethods.RunOptionsSetTerminate(Handle.Address));

    public void Dispose() => Handle.Dispose();
}
