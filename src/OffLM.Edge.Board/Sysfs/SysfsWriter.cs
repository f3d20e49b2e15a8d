using System.Buffers.Text;
using Microsoft.Win32.SafeHandles;
using OffLM.Edge.Board.Interop.Libc;

namespace OffLM.Edge.Board.Sysfs;

/// <summary>A sysfs attribute that takes one whole number, kept open. A write neither throws nor allocates.</summary>
internal sealed class SysfsWriter : IDisposable
{
    private readonly SafeFileHandle _file;
    private int _length = int.MaxValue;

    private SysfsWriter(SafeFileHandle file) => _file = file;

    /// <summary>Opens an attribute for writing; null if it isn't there or may not be written.</summary>
    public static SysfsWriter? TryOpen(string path)
    {
        try
        {
            return new SysfsWriter(File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes once; false if it can't be opened or the driver refuses.</summary>
    public static bool TryWrite(string path, long value)
    {
        using var writer = TryOpen(path);
        return writer?.TryWrite(value) ?? false;
    }

    /// <summary>Writes the number; false if the driver refuses.</summary>
    public unsafe bool TryWrite(long value)
    {
        Span<byte> text = stackalloc byte[24];
        Utf8Formatter.TryFormat(value, text, out var length);
        text[length++] = (byte)'\n';
        fixed (byte* start = text)
        {
            if (NativeMethods.Write(_file, start, (nuint)length, 0) != length)
            {
                return false;
            }
        }

        if (length < _length)
        {
            // A recorded or simulated tree has plain files, where the rest of a longer number would stay. Drivers ignore this.
            _ = NativeMethods.Truncate(_file, length);
        }

        _length = length;
        return true;
    }

    public void Dispose() => _file.Dispose();
}
