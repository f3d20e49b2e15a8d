using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference.Interop.LibC;

/// <summary>Zeroed memory outside the garbage collector. Only what is touched takes space, page by page, and it can be given back in parts
/// (mmap(2) with MAP_NORESERVE, madvise(2)).</summary>
internal sealed unsafe partial class AnonymousMemory : SafeHandle
{
    private const int ReadWrite = 0x1 | 0x2;
    private const int PrivateAnonymousNoReserve = 0x2 | 0x20 | 0x4000;
    private const int DontNeed = 4;

    private readonly nuint _bytes;

    /// <exception cref="ModelLoadException">The system refuses so much address space.</exception>
    internal AnonymousMemory(long bytes)
        : base(-1, ownsHandle: true)
    {
        _bytes = checked((nuint)bytes);
        SetHandle(Map(0, _bytes, ReadWrite, PrivateAnonymousNoReserve, -1, 0));
        if (IsInvalid)
        {
            throw new ModelLoadException($"the system refuses {bytes >> 20} MiB of memory. Allow fewer answers at a time, or a smaller model.");
        }
    }

    public override bool IsInvalid => handle == -1;

    internal byte* Address => (byte*)handle;

    /// <summary>Gives space back, as far as it is whole pages: those read as zero afterwards.</summary>
    internal void Release(long offset, long bytes)
    {
        long page = Environment.SystemPageSize;
        var first = (offset + page - 1) / page * page;
        var end = (offset + bytes) / page * page;
        if (first < end)
        {
            _ = Advise(handle + (nint)first, (nuint)(end - first), DontNeed);
        }
    }

    protected override bool ReleaseHandle() => Unmap(handle, _bytes) == 0;

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
