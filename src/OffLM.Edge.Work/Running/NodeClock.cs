using System.Runtime.InteropServices;
using OffLM.Edge.Metering.Receipts;

namespace OffLM.Edge.Work.Running;

/// <summary>The time, and what it is worth: whether the kernel says that something keeps it synchronised.</summary>
public sealed partial class NodeClock(TimeProvider time)
{
    /// <summary>STA_UNSYNC of adjtimex(2).</summary>
    private const int Unsynchronised = 0x40;

    private const int StatusOffset = 40;

    public TimeProvider Time => time;

    /// <summary>A time stamp that setting the clock doesn't move.</summary>
    public long Monotonic => time.GetTimestamp();

    /// <summary>Unix milliseconds and their source.</summary>
    public (ulong UnixMilliseconds, ClockSource Source) Now() =>
        ((ulong)Math.Max(0, time.GetUtcNow().ToUnixTimeMilliseconds()), Source());

    private static unsafe ClockSource Source()
    {
        // struct timex is 208 bytes; modes = 0 only reads.
        var timex = stackalloc byte[256];
        new Span<byte>(timex, 256).Clear();
        var state = adjtimex(timex);
        if (state >= 0 && (*(int*)(timex + StatusOffset) & Unsynchronised) == 0)
        {
            return ClockSource.NetworkTime;
        }

        return Directory.Exists("/sys/class/rtc/rtc0") ? ClockSource.HardwareClock : ClockSource.Unsynchronised;
    }

    [LibraryImport("libc")]
    private static unsafe partial int adjtimex(byte* timex);
}
