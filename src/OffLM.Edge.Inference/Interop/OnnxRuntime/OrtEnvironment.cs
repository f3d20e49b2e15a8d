namespace OffLM.Edge.Inference.Interop.OnnxRuntime;

/// <summary>The library's state in this process: logging and the memory that tensors of ours are said to lie in.</summary>
internal sealed unsafe class OrtEnvironment
{
    /// <summary>Only errors are written to standard error: warnings tell about the graph's optimisation, to nobody's use.</summary>
    private const int SeverityError = 3;

    private const int DeviceAllocator = 0;
    private const int DefaultMemory = 0;

    private static readonly Lazy<OrtEnvironment> Single = new(() => new OrtEnvironment());

    private OrtEnvironment()
    {
        nint address;
        fixed (byte* name = "offlm\0"u8)
        {
            OrtStatus.ThrowIfError(NativeMethods.CreateEnv(SeverityError, name, &address));
        }

        Handle = new EnvironmentHandle(address);

        // The environment variable has switched it off already; this holds also for a library built without that.
        OrtStatus.ThrowIfError(NativeMethods.DisableTelemetryEvents(address));
        OrtStatus.ThrowIfError(NativeMethods.CreateCpuMemoryInfo(DeviceAllocator, DefaultMemory, &address));
        CpuMemory = new MemoryInfoHandle(address);
    }

    /// <summary>The one of this process; made when first asked for, which is after <see cref="InferenceLibraries.Load"/>.</summary>
    internal static OrtEnvironment Instance => Single.Value;

    internal EnvironmentHandle Handle { get; }

    internal MemoryInfoHandle CpuMemory { get; }
}
