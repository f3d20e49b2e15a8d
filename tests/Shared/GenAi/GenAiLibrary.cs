using System.Runtime.InteropServices;

namespace OffLM.Edge.Tests.Shared.GenAi;

/// <summary>Loads the two native libraries in the one order that works, with their telemetry off. Compiled into each test project that needs it.</summary>
internal static class GenAiLibrary
{
    private static readonly Lock Gate = new();
    private static bool _loaded;

    /// <summary>Loads them if that has not happened yet.</summary>
    /// <param name="folder">Where both are.</param>
    public static void Load(string folder)
    {
        lock (Gate)
        {
            if (!_loaded)
            {
                LoadBoth(folder);
                _loaded = true;
            }
        }
    }

    /// <summary>Throws what the library reports.</summary>
    public static void Check(nint result)
    {
        if (result != 0)
        {
            var message = Marshal.PtrToStringUTF8(NativeMethods.OgaResultGetError(result));
            NativeMethods.OgaDestroyResult(result);
            throw new InvalidOperationException($"GenAI: {message}");
        }
    }

    /// <summary>Takes over a string of the library.</summary>
    public static string TakeString(nint text)
    {
        var value = Marshal.PtrToStringUTF8(text) ?? "";
        NativeMethods.OgaDestroyString(text);
        return value;
    }

    private static void LoadBoth(string folder)
    {
        // Both libraries read the variable with getenv, which .NET's own environment does not reach.
        _ = NativeMethods.setenv("ORT_DISABLE_TELEMETRY", "1", 1);

        // GenAI ends the process if it does not find ONNX Runtime; once loaded it is found.
        NativeLibrary.Load(Path.Combine(folder, "libonnxruntime.so.1"));
        var genAi = NativeLibrary.Load(Path.Combine(folder, "libonnxruntime-genai.so"));
        NativeLibrary.SetDllImportResolver(
            typeof(GenAiLibrary).Assembly, (name, _, _) => name == NativeMethods.Library ? genAi : 0);
    }
}
