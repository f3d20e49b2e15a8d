using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference.Interop.GenAi;

/// <summary>Turns the library's results into exceptions and its strings into ours.</summary>
internal static class GenAiResult
{
    /// <exception cref="InferenceException">The call failed; the message is the library's.</exception>
    internal static void ThrowIfError(nint result)
    {
        if (result != 0)
        {
            Throw(result);
        }
    }

    /// <summary>A string that the library gives away.</summary>
    internal static string TakeString(nint text)
    {
        try
        {
            return Marshal.PtrToStringUTF8(text) ?? "";
        }
        finally
        {
            NativeMethods.OgaDestroyString(text);
        }
    }

    private static void Throw(nint result)
    {
        var message = Marshal.PtrToStringUTF8(NativeMethods.OgaResultGetError(result));
        NativeMethods.OgaDestroyResult(result);
        throw new InferenceException(message ?? "ONNX Runtime GenAI reported an error without a message.");
    }
}
