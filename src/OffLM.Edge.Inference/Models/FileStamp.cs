namespace OffLM.Edge.Inference;

/// <summary>What tells a file, or a folder's list of entries, from what it was before.</summary>
/// <param name="Bytes">Its length; of a folder 0.</param>
/// <param name="WrittenAt">When it was last changed.</param>
/// <param name="IsSettled">True if it was not changed just before: else what follows may have the same time, for file systems' clocks are coarse.</param>
internal readonly record struct FileStamp(long Bytes, DateTime WrittenAt, bool IsSettled)
{
    /// <summary>The coarsest clock, FAT's, counts two seconds.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    /// <summary>True if what was read after this stamp was taken is what is there at a later one.</summary>
    internal bool Proves(FileStamp later) => IsSettled && later.Bytes == Bytes && later.WrittenAt == WrittenAt;

    /// <param name="file">A file; a link is never settled, for its own time says nothing about what it leads to.</param>
    /// <param name="now">The time.</param>
    internal static FileStamp Of(FileInfo file, DateTime now) =>
        new(file.Length, file.LastWriteTimeUtc, !IsLink(file) && IsOld(file.LastWriteTimeUtc, now));

    /// <param name="folder">A folder, or a link to one.</param>
    /// <param name="now">The time.</param>
    internal static FileStamp OfEntries(DirectoryInfo folder, DateTime now)
    {
        var writtenAt = ((IsLink(folder) ? folder.ResolveLinkTarget(returnFinalTarget: true) : null) ?? folder).LastWriteTimeUtc;
        return new FileStamp(0, writtenAt, IsOld(writtenAt, now));
    }

    private static bool IsLink(FileSystemInfo info) => info.Exists && (info.Attributes & FileAttributes.ReparsePoint) != 0;

    private static bool IsOld(DateTime writtenAt, DateTime now) => now - writtenAt > Settling;
}
