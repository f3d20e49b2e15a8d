using System.Globalization;
using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference.Interop.LibC;

/// <summary>
/// Moves this process's memory onto huge pages. A step reads all weights of a model once, and the processor has to look up where each page of them
/// lies: with pages of 4 KiB that takes some percent of a step. Whether new memory gets huge pages is the system's setting, which is mostly
/// "only where asked for", and the engine's libraries don't ask; so they are asked for afterwards (madvise(2), MADV_COLLAPSE, Linux 6.1).
/// </summary>
internal static unsafe partial class HugePages
{
    private const int AdviseHugePage = 14;
    private const int AdviseCollapse = 25;
    private const int NotKnown = 22;   // EINVAL: an older kernel, or gone meanwhile

    /// <summary>Where huge pages are larger, as with base pages of 64 KiB, few of them would be full.</summary>
    private const long LargestBytes = 32 << 20;

    /// <summary>
    /// Moves what is wholly in use, so that no more memory is taken than before. Safe beside threads that use it, and quick to do again.
    /// A kernel before 6.1 does it by itself, later: then 0 is returned.
    /// </summary>
    /// <returns>Bytes on huge pages that this can tell of; 0 where the system has none.</returns>
    internal static long Gather()
    {
        try
        {
            var size = long.Parse(File.ReadAllText("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"), CultureInfo.InvariantCulture);
            return size > LargestBytes ? 0 : Gather(size);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return 0;
        }
    }

    private static long Gather(long size)
    {
        using var pages = File.OpenHandle("/proc/self/pagemap");
        var moved = 0L;
        foreach (var line in File.ReadAllLines("/proc/self/maps"))
        {
            if (!TryReadAnonymous(line, out var start, out var end))
            {
                continue;
            }

            for (var at = (start + size - 1) / size * size; at + size <= end; at += size)
            {
                moved += IsInUse(pages, at, size) && TryMove(at, size) ? size : 0;
            }
        }

        return moved;
    }

    /// <summary>Each by itself: one that can't be moved just now, as what lay there was given back meanwhile, would hold up those behind it.</summary>
    private static bool TryMove(long start, long size)
    {
        if (Advise((nint)start, (nuint)size, AdviseCollapse) == 0)
        {
            return true;
        }

        if (Marshal.GetLastPInvokeError() == NotKnown)
        {
            _ = Advise((nint)start, (nuint)size, AdviseHugePage);
        }

        return false;
    }

    /// <summary>Reads a line of proc(5)'s maps: <c>7f2b40000000-7f2b43358000 rw-p 00000000 00:00 0</c> and a file's name, if there is one.</summary>
    private static bool TryReadAnonymous(string line, out long start, out long end)
    {
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var range = fields[0].Split('-');
        start = long.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        end = long.TryParse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var above) ? above : 0;
        return fields is [_, "rw-p", _, _, "0"] or [_, "rw-p", _, _, "0", "[heap]"];
    }

    /// <summary>Whether each page has memory behind it: bit 63 of its entry in proc(5)'s pagemap.</summary>
    private static bool IsInUse(Microsoft.Win32.SafeHandles.SafeFileHandle pages, long address, long size)
    {
        var count = (int)(size / Environment.SystemPageSize);
        var entries = stackalloc long[Math.Min(count, 1024)];
        var from = address / Environment.SystemPageSize * sizeof(long);
        while (count > 0)
        {
            var piece = Math.Min(count, 1024);
            if (RandomAccess.Read(pages, new Span<byte>(entries, piece * sizeof(long)), from) < piece * sizeof(long)
                || new ReadOnlySpan<long>(entries, piece).ContainsAnyInRange(0, long.MaxValue))
            {
                return false;
            }

            from += piece * sizeof(long);
            count -= piece;
        }

        return true;
    }

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Advise(nint address, nuint length, int advice);
}
