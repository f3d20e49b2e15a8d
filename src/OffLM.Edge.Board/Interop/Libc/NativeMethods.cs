using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace OffLM.Edge.Board.Interop.Libc;

/// <summary>
/// pread(2) and pwrite(2). <see cref="RandomAccess"/> does the same but throws where a read fails, and a sensor that is switched off
/// fails ten times a second.
/// </summary>
internal static partial class NativeMethods
{
    [LibraryImport("libc", EntryPoint = "pread")]
    internal static unsafe partial nint Read(SafeFileHandle file, byte* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite")]
    internal static unsafe partial nint Write(SafeFileHandle file, byte* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "ftruncate")]
    internal static partial int Truncate(SafeFileHandle file, long length);
}
