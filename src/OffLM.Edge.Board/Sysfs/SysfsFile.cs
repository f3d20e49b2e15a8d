using System.Buffers.Text;
using Microsoft.Win32.SafeHandles;
using OffLM.Edge.Board.Interop.Libc;

namespace OffLM.Edge.Board.Sysfs;

/// <summary>
/// A sysfs attribute that holds one whole number, read many times a second: it stays open, and neither a read nor a failing read
/// allocates. After a failure it is opened anew, at most every <see cref="ReopenAfter"/>, because a driver that was bound again has
/// new files. Not thread-safe.
/// </summary>
internal sealed class SysfsFile(string path, TimeProvider time) : IDisposable
{
    /// <summary>A driver that comes back is noticed within this; opening allocates.</summary>
    internal static readonly TimeSpan ReopenAfter = TimeSpan.FromSeconds(5);

    /// <summary>More than the longest 64-bit number; what follows is not looked at.</summary>
    private const int Longest = 32;

    private SafeFileHandle? _file;
    private long _openedAt;
    private bool _opened;
    private bool _failed;

    public string Path => path;

    /// <summary>Reads the number.</summary>
    /// <returns>False if the file can't be opened or read, or holds something else.</returns>
    public bool TryRead(out long value)
    {
        value = 0;
        if (!IsOpen())
        {
            return false;
        }

        Span<byte> text = stackalloc byte[Longest];
        _failed = !Parse(text[..Read(text)], out value);
        return !_failed;
    }

    public void Dispose() => _file?.Dispose();

    private static bool Parse(ReadOnlySpan<byte> text, out long value)
    {
        text = text.TrimStart(" "u8);
        return Utf8Parser.TryParse(text, out value, out var used) && (used == text.Length || text[used] is (byte)'\n' or (byte)' ' or 0);
    }

    private unsafe int Read(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            return (int)Math.Max(NativeMethods.Read(_file!, start, (nuint)buffer.Length, 0), 0);
        }
    }

    private bool IsOpen()
    {
        if (_file is not null && !_failed)
        {
            return true;
        }

        if (_opened && time.GetElapsedTime(_openedAt) < ReopenAfter)
        {
            return _file is not null;
        }

        _opened = true;
        _openedAt = time.GetTimestamp();
        _file?.Dispose();
        _file = null;
        try
        {
            _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Absent until the next attempt.
        }

        return _file is not null;
    }
}
