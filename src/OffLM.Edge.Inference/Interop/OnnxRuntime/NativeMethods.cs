using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference.Interop.OnnxRuntime;

/// <summary>
/// The functions of <c>OrtApi</c> that we call (onnxruntime_c_api.h). The struct is a table that only ever grows at its end: each function stands
/// at the same index in every version. What returns an address returns an <c>OrtStatus*</c>: null when it went well (<see cref="OrtStatus"/>).
/// </summary>
internal static unsafe class NativeMethods
{
    /// <summary>The oldest version that has all functions below (1.14): newer libraries give it too.</summary>
    private const uint ApiVersion = 14;

    /// <summary>The version that has the functions that tell where nodes were placed.</summary>
    private const int PlacementVersion = 24;

    private static nint* _api;

    /// <summary>Whether the functions that tell where nodes were placed are there.</summary>
    internal static bool TellsPlacement { get; private set; }

    /// <summary>Finds the table in the loaded library. Nothing else may be called before.</summary>
    /// <exception cref="ModelLoadException">The library is too old.</exception>
    internal static void Bind(nint library)
    {
        var getApiBase = (delegate* unmanaged<nint*>)NativeLibrary.GetExport(library, "OrtGetApiBase");
        var getApi = (delegate* unmanaged<uint, nint*>)getApiBase()[0];
        _api = getApi(ApiVersion);
        if (_api == null)
        {
            throw new ModelLoadException($"the ONNX Runtime library is older than 1.{ApiVersion}; install the one that the program was published with.");
        }

        TellsPlacement = System.Version.TryParse(Version(library), out var version) && version.Minor >= PlacementVersion;
    }

    /// <summary>The library's version. <c>OrtGetApiBase()</c> gives a struct whose second field is <c>GetVersionString</c>.</summary>
    internal static string Version(nint library)
    {
        var getApiBase = (delegate* unmanaged<nint*>)NativeLibrary.GetExport(library, "OrtGetApiBase");
        var getVersion = (delegate* unmanaged<nint>)getApiBase()[1];
        return Marshal.PtrToStringUTF8(getVersion()) ?? "unknown";
    }

    internal static nint GetErrorMessage(nint status) => ((delegate* unmanaged<nint, nint>)_api[2])(status);

    internal static void ReleaseStatus(nint status) => ((delegate* unmanaged<nint, void>)_api[93])(status);

    internal static nint CreateEnv(int severity, byte* name, nint* environment) =>
        ((delegate* unmanaged<int, byte*, nint*, nint>)_api[3])(severity, name, environment);

    internal static nint DisableTelemetryEvents(nint environment) => ((delegate* unmanaged<nint, nint>)_api[6])(environment);

    internal static void ReleaseEnv(nint environment) => ((delegate* unmanaged<nint, void>)_api[92])(environment);

    internal static nint CreateSessionOptions(nint* options) => ((delegate* unmanaged<nint*, nint>)_api[10])(options);

    internal static nint SetIntraOpNumThreads(nint options, int threads) => ((delegate* unmanaged<nint, int, nint>)_api[24])(options, threads);

    internal static nint AddSessionConfigEntry(nint options, byte* key, byte* value) =>
        ((delegate* unmanaged<nint, byte*, byte*, nint>)_api[130])(options, key, value);

    internal static void ReleaseSessionOptions(nint options) => ((delegate* unmanaged<nint, void>)_api[100])(options);

    internal static nint CreateSession(nint environment, byte* path, nint options, nint* session) =>
        ((delegate* unmanaged<nint, byte*, nint, nint*, nint>)_api[7])(environment, path, options, session);

    internal static void ReleaseSession(nint session) => ((delegate* unmanaged<nint, void>)_api[95])(session);

    internal static nint SessionGetInputCount(nint session, nuint* count) => ((delegate* unmanaged<nint, nuint*, nint>)_api[30])(session, count);

    internal static nint SessionGetOutputCount(nint session, nuint* count) => ((delegate* unmanaged<nint, nuint*, nint>)_api[31])(session, count);

    internal static nint SessionGetInputTypeInfo(nint session, nuint index, nint* info) =>
        ((delegate* unmanaged<nint, nuint, nint*, nint>)_api[33])(session, index, info);

    internal static nint SessionGetOutputTypeInfo(nint session, nuint index, nint* info) =>
        ((delegate* unmanaged<nint, nuint, nint*, nint>)_api[34])(session, index, info);

    internal static nint SessionGetInputName(nint session, nuint index, nint allocator, nint* name) =>
        ((delegate* unmanaged<nint, nuint, nint, nint*, nint>)_api[36])(session, index, allocator, name);

    internal static nint SessionGetOutputName(nint session, nuint index, nint allocator, nint* name) =>
        ((delegate* unmanaged<nint, nuint, nint, nint*, nint>)_api[37])(session, index, allocator, name);

    internal static nint SessionGetOverridableInitializerCount(nint session, nuint* count) =>
        ((delegate* unmanaged<nint, nuint*, nint>)_api[32])(session, count);

    internal static nint SessionGetOverridableInitializerTypeInfo(nint session, nuint index, nint* info) =>
        ((delegate* unmanaged<nint, nuint, nint*, nint>)_api[35])(session, index, info);

    internal static nint SessionGetOverridableInitializerName(nint session, nuint index, nint allocator, nint* name) =>
        ((delegate* unmanaged<nint, nuint, nint, nint*, nint>)_api[38])(session, index, allocator, name);

    /// <summary>The tensor's part of a type, owned by that; null for what is no tensor.</summary>
    internal static nint CastTypeInfoToTensorInfo(nint info, nint* tensor) => ((delegate* unmanaged<nint, nint*, nint>)_api[55])(info, tensor);

    internal static nint GetTensorElementType(nint tensor, int* type) => ((delegate* unmanaged<nint, int*, nint>)_api[60])(tensor, type);

    internal static nint GetDimensionsCount(nint tensor, nuint* count) => ((delegate* unmanaged<nint, nuint*, nint>)_api[61])(tensor, count);

    internal static nint GetDimensions(nint tensor, long* dimensions, nuint count) =>
        ((delegate* unmanaged<nint, long*, nuint, nint>)_api[62])(tensor, dimensions, count);

    internal static void ReleaseTypeInfo(nint info) => ((delegate* unmanaged<nint, void>)_api[98])(info);

    /// <summary>The default allocator; the library's own, never released.</summary>
    internal static nint GetAllocatorWithDefaultOptions(nint* allocator) => ((delegate* unmanaged<nint*, nint>)_api[78])(allocator);

    internal static nint AllocatorFree(nint allocator, nint memory) => ((delegate* unmanaged<nint, nint, nint>)_api[76])(allocator, memory);

    internal static nint AllocatorAlloc(nint allocator, nuint bytes, nint* memory) => ((delegate* unmanaged<nint, nuint, nint*, nint>)_api[75])(allocator, bytes, memory);

    /// <summary>An allocator of a session's for memory of some kind.</summary>
    internal static nint CreateAllocator(nint session, nint info, nint* allocator) => ((delegate* unmanaged<nint, nint, nint*, nint>)_api[131])(session, info, allocator);

    internal static void ReleaseAllocator(nint allocator) => ((delegate* unmanaged<nint, void>)_api[132])(allocator);

    internal static nint CreateMemoryInfo(byte* device, int allocator, int number, int memory, nint* info) =>
        ((delegate* unmanaged<byte*, int, int, int, nint*, nint>)_api[68])(device, allocator, number, memory, info);

    internal static nint CreateCpuMemoryInfo(int allocator, int memory, nint* info) =>
        ((delegate* unmanaged<int, int, nint*, nint>)_api[69])(allocator, memory, info);

    internal static void ReleaseMemoryInfo(nint info) => ((delegate* unmanaged<nint, void>)_api[94])(info);

    internal static nint CreateTensorWithDataAsOrtValue(
        nint info, void* data, nuint bytes, long* shape, nuint dimensions, int type, nint* value) =>
        ((delegate* unmanaged<nint, void*, nuint, long*, nuint, int, nint*, nint>)_api[49])(info, data, bytes, shape, dimensions, type, value);

    internal static void ReleaseValue(nint value) => ((delegate* unmanaged<nint, void>)_api[96])(value);

    internal static nint CreateRunOptions(nint* options) => ((delegate* unmanaged<nint*, nint>)_api[39])(options);

    internal static nint RunOptionsSetTerminate(nint options) => ((delegate* unmanaged<nint, nint>)_api[46])(options);

    internal static void ReleaseRunOptions(nint options) => ((delegate* unmanaged<nint, void>)_api[97])(options);

    internal static nint CreateIoBinding(nint session, nint* binding) => ((delegate* unmanaged<nint, nint*, nint>)_api[134])(session, binding);

    internal static nint BindInput(nint binding, byte* name, nint value) => ((delegate* unmanaged<nint, byte*, nint, nint>)_api[136])(binding, name, value);

    internal static nint BindOutput(nint binding, byte* name, nint value) => ((delegate* unmanaged<nint, byte*, nint, nint>)_api[137])(binding, name, value);

    internal static void ReleaseIoBinding(nint binding) => ((delegate* unmanaged<nint, void>)_api[135])(binding);

    internal static nint RunWithBinding(nint session, nint options, nint binding) =>
        ((delegate* unmanaged<nint, nint, nint, nint>)_api[133])(session, options, binding);

    internal static nint CreateSessionFromArray(nint environment, void* model, nuint bytes, nint options, nint* session) =>
        ((delegate* unmanaged<nint, void*, nuint, nint, nint*, nint>)_api[8])(environment, model, bytes, options, session);

    internal static nint AppendTensorRt(nint sessionOptions, nint options) => ((delegate* unmanaged<nint, nint, nint>)_api[170])(sessionOptions, options);

    internal static nint CreateTensorRtOptions(nint* options) => ((delegate* unmanaged<nint*, nint>)_api[171])(options);

    internal static nint UpdateTensorRtOptions(nint options, byte** keys, byte** values, nuint count) =>
        ((delegate* unmanaged<nint, byte**, byte**, nuint, nint>)_api[172])(options, keys, values, count);

    internal static void ReleaseTensorRtOptions(nint options) => ((delegate* unmanaged<nint, void>)_api[174])(options);

    internal static nint AppendCuda(nint sessionOptions, nint options) => ((delegate* unmanaged<nint, nint, nint>)_api[204])(sessionOptions, options);

    internal static nint CreateCudaOptions(nint* options) => ((delegate* unmanaged<nint*, nint>)_api[205])(options);

    internal static nint UpdateCudaOptions(nint options, byte** keys, byte** values, nuint count) =>
        ((delegate* unmanaged<nint, byte**, byte**, nuint, nint>)_api[206])(options, keys, values, count);

    internal static void ReleaseCudaOptions(nint options) => ((delegate* unmanaged<nint, void>)_api[208])(options);

    /// <summary>The parts that the graph was cut into, owned by the session. Only where <see cref="TellsPlacement"/>.</summary>
    internal static nint GetPlacement(nint session, nint** parts, nuint* count) => ((delegate* unmanaged<nint, nint**, nuint*, nint>)_api[407])(session, parts, count);

    /// <summary>The execution provider of a part; the text is the session's.</summary>
    internal static nint GetPartProvider(nint part, nint* name) => ((delegate* unmanaged<nint, nint*, nint>)_api[408])(part, name);

    internal static nint GetPartNodes(nint part, nint** nodes, nuint* count) => ((delegate* unmanaged<nint, nint**, nuint*, nint>)_api[409])(part, nodes, count);
}
