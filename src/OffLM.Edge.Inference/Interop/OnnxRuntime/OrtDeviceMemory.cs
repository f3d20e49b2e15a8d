using System.Text;

namespace OffLM.Edge.Inference.Interop.OnnxRuntime;

/// <summary>Memory of the device that computes a session, from the library's allocator for it. It can't be read or written from here; the session must
/// outlive it.</summary>
internal sealed unsafe class OrtDeviceMemory : IDisposable
{
    private const int ArenaAllocator = 1;
    private const int DefaultMemory = 0;

    private readonly AllocatorHandle _allocator;
    private nint _address;

    /// <param name="session">Computed there.</param>
    /// <param name="device">The device's name to the library, such as <c>Cuda</c>.</param>
    /// <param name="number">Which of several.</param>
    /// <param name="bytes">How much.</param>
    /// <exception cref="InferenceException">The session is not computed there, or there is not so much memory.</exception>
    internal OrtDeviceMemory(OrtSession session, string device, int number, long bytes)
    {
        nint address;
        fixed (byte* name = Encoding.UTF8.GetBytes(device + '\0'))
        {
            OrtStatus.ThrowIfError(NativeMethods.CreateMemoryInfo(name, ArenaAllocator, number, DefaultMemory, &address));
        }

        Info = new MemoryInfoHandle(address);
        try
        {
            _allocator = session.CreateAllocator(Info);
        }
        catch
        {
            Info.Dispose();
            throw;
        }

        try
        {
            OrtStatus.ThrowIfError(NativeMethods.AllocatorAlloc(_allocator.Address, checked((nuint)bytes), &address));
            _address = address;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What tensors over it are said to lie in.</summary>
    internal MemoryInfoHandle Info { get; }

    internal byte* Address => (byte*)_address;

    public void Dispose()
    {
        if (_address != 0)
        {
            OrtStatus.ThrowIfError(NativeMethods.AllocatorFree(_allocator.Address, _address));
            _address = 0;
        }

        _allocator.Dispose();
        Info.Dispose();
    }
}
