namespace OffLM.Edge.Inference.Interop.OnnxRuntime;

/// <summary>Which tensors a run reads and writes. What is bound stays so until another tensor takes its name; the binding shares it.</summary>
internal sealed unsafe class OrtIoBinding : IDisposable
{
    internal OrtIoBinding(IoBindingHandle handle) => Handle = handle;

    internal IoBindingHandle Handle { get; }

    internal void Input(OrtName name, OrtTensor tensor) =>
        OrtStatus.ThrowIfError(NativeMethods.BindInput(Handle.Address, name.Address, tensor.Handle.Address));

    internal void Output(OrtName name, OrtTensor tensor) =>
        OrtStatus.ThrowIfError(NativeMethods.BindOutput(Handle.Address, name.Address, tensor.Handle.Address));

    public void Dispose() => Handle.Dispose();
}
