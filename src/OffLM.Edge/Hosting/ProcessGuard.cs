using System.Runtime.InteropServices;

namespace OffLM.Edge.Hosting;

/// <summary>Keeps prompts and keys, which are in memory, out of core dumps and other processes' hands.</summary>
internal static partial class ProcessGuard
{
    private const int SetDumpable = 4;
    private const int CoreLimit = 4;

    /// <summary>No core dumps, no attaching by other processes of the same user: prctl(2), setrlimit(2).</summary>
    public static unsafe void ForbidDumps()
    {
        var none = stackalloc ulong[2] { 0, 0 };
        _ = setrlimit(CoreLimit, none);
        _ = prctl(SetDumpable, 0, 0, 0, 0);
    }

    [LibraryImport("libc")]
    private static partial int prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [LibraryImport("libc")]
    private static unsafe partial int setrlimit(int resource, ulong* limits);
}
