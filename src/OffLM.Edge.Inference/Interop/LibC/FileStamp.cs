using System.Runtime.InteropServices;

namespace OffLM.Edge.Inference.Interop.LibC;

/// <summary>What tells a file, or a folder's list of entries, from what it was before: any change gives it another time, and only the kernel sets that.
/// (The time of last modification, which .NET tells, is a fact that archives and copies bring along.)</summary>
/// <param name="Device">The file system that it is on.</param>
/// <param name="Inode">Which it is there.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="ChangedAt">When it or what is known about it was last changed (ctime).</param>
internal readonly partial record struct FileStamp(ulong Device, ulong Inode, long Bytes, DateTime ChangedAt)
{
    private const int WorkingFolder = -100;
    private const int Follow = 0;
    private const uint InodeSizeAndChange = 0x100 | 0x200 | 0x80;

    /// <summary>File systems' clocks are coarse, FAT's counts two seconds: two changes may have the same time.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    /// <summary>The stamp of what is there now; of what a link leads to.</summary>
    /// <returns>Null if nothing is there, or it can't be reached.</returns>
    internal static FileStamp? Of(string path) => StatX(WorkingFolder, path, Follow, InodeSizeAndChange, out var found) == 0
        ? new FileStamp(
            ((ulong)found.DeviceMajor << 32) | found.DeviceMinor, found.Inode, (long)found.Size,
            DateTime.UnixEpoch.AddSeconds(found.ChangedSeconds).AddTicks(found.ChangedNanoseconds / TimeSpan.NanosecondsPerTick))
        : null;

    /// <summary>True if what is read now can't change any more without getting another stamp: a change gets the time of its moment, which is not this one.</summary>
    /// <param name="now">The time; it may be before the stamp's, where the clock was set back.</param>
    internal bool IsSettled(DateTime now) => (now - ChangedAt).Duration() > Settling;

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int folder, string path, int flags, uint mask, out Status status);

    /// <summary>struct statx (statx(2)), the same on all processors.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Status
    {
        [FieldOffset(32)]
        internal ulong Inode;

        [FieldOffset(40)]
        internal ulong Size;

        [FieldOffset(96)]
        internal long ChangedSeconds;

        [FieldOffset(104)]
        internal uint ChangedNanoseconds;

        [FieldOffset(136)]
        internal uint DeviceMajor;

        [FieldOffset(140)]
        internal uint DeviceMinor;
    }
}
