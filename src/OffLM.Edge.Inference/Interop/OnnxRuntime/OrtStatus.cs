using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference.Interop.OnnxRuntime;

/// <summary>Turns the library's results into exceptions.</summary>
internal static class OrtStatus
{
    /// <exception cref="InferenceException">The call failed; the message is the library's.</exception>
    internal static void ThrowIfError(nint status)
    {
        if (status != 0)
        {
            Throw(status);
        }
    }

    private static void Throw(nint status)
    {
        var message = Marshal.PtrToStringUTF8(NativeMethods.GetErrorMessage(status));
        NativeMethods.ReleaseStatus(status);
        throw new InferenceException(message ?? "ONNX Runtime reported an error without a message.");
    }
}
