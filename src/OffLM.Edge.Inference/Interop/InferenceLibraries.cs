using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace OffLM.Edge.Inference;

/// <summary>Finds and loads ONNX Runtime and ONNX Runtime GenAI: with the first model, never at start.</summary>
/// <remarks>They are looked for in <see cref="Folder"/>, then beside the program, then in the folder that the environment's
/// <c>OFFLM_NATIVE_DIR</c> names. The first folder that has ONNX Runtime must have both: versions are never mixed.</remarks>
public static partial class InferenceLibraries
{
    internal const string GenAi = "onnxruntime-genai";
    private const string OnnxRuntimeFile = "libonnxruntime.so.1";
    private const string GenAiFile = "libonnxruntime-genai.so";
    private const string FolderVariable = "OFFLM_NATIVE_DIR";

    private static readonly Lock Gate = new();
    private static Loaded? _loaded;

    /// <summary>The folder to look in first, for example that of a board's own builds. Set it before the first model is loaded.</summary>
    public static string? Folder { get; set; }

    /// <summary>True once a model was asked for.</summary>
    public static bool AreLoaded => Volatile.Read(ref _loaded) is not null;

    /// <summary>The folder that they were loaded from; null before.</summary>
    internal static string? LoadedFrom => Volatile.Read(ref _loaded)?.Folder;

    /// <summary>Loads both libraries with their telemetry off. Calling it again does nothing.</summary>
    /// <returns>Versions for the execution record.</returns>
    /// <exception cref="ModelLoadException">A library is missing or can't be loaded; says where they were looked for.</exception>
    internal static LibraryVersions Load()
    {
        lock (Gate)
        {
            if (_loaded is null)
            {
                // Both libraries send usage data unless this is in the C environment before they are loaded;
                // Environment.SetEnvironmentVariable doesn't reach getenv.
                SetNativeVariable("ORT_DISABLE_TELEMETRY", "1", 1);
                var folder = FindFolder();

                // GenAI ends the process if it doesn't find ONNX Runtime, so that comes first.
                var runtime = LoadFile(Path.Combine(folder, OnnxRuntimeFile));
                Interop.OnnxRuntime.NativeMethods.Bind(runtime);
                var genAiPath = Path.Combine(folder, GenAiFile);
                var genAi = LoadFile(genAiPath);
                NativeLibrary.SetDllImportResolver(
                    typeof(InferenceLibraries).Assembly, (name, _, _) => name == GenAi ? genAi : 0);
                Interop.GenAi.NativeMethods.OgaSetTelemetryEnabled(false);
                var version = Interop.OnnxRuntime.NativeMethods.Version(runtime);
                _loaded = new Loaded(folder, new LibraryVersions(version, $"sha256:{Digest(genAiPath)} (onnxruntime {version})"));
            }

            return _loaded.Versions;
        }
    }

    private static string FindFolder()
    {
        List<string> folders = [];
        if (Folder is { Length: > 0 } given)
        {
            folders.Add(given);
        }

        folders.Add(AppContext.BaseDirectory);
        if (Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } named)
        {
            folders.Add(named);
        }

        var folder = folders.Find(f => File.Exists(Path.Combine(f, OnnxRuntimeFile)))
            ?? throw new ModelLoadException(
                $"{OnnxRuntimeFile} was not found. Install the whole published folder, or name the folder that has it and {GenAiFile} in {FolderVariable}.",
                $"looked for in {string.Join(", ", folders)}");
        return File.Exists(Path.Combine(folder, GenAiFile))
            ? folder
            : throw new ModelLoadException(
                $"{OnnxRuntimeFile} was found without {GenAiFile}; both must be in one folder.", folder);
    }

    private static nint LoadFile(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new ModelLoadException($"{Path.GetFileName(path)} is no library that this machine can load.", e.Message, e);
        }
    }

    private static string Digest(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file))[..16];
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetNativeVariable(string name, string value, int overwrite);

    private sealed record Loaded(string Folder, LibraryVersions Versions);
}
