using System.Runtime.InteropServices;

namespace OffLM.Edge.Metering.Tests.Ledgers.Faults;

/// <summary>The two structures of https://sqlite.org/c3ref/vfs.html and /io_methods.html, as far as they are replaced here.</summary>
internal static unsafe partial class SqliteVfs
{
    private const string Library = "libsqlite3.so.0";

    [LibraryImport(Library)]
    public static partial int sqlite3_initialize();

    [LibraryImport(Library)]
    public static partial Vfs* sqlite3_vfs_find(nint name);

    [LibraryImport(Library)]
    public static partial int sqlite3_vfs_register(Vfs* vfs, int makeDefault);

    [LibraryImport(Library)]
    public static partial int sqlite3_vfs_unregister(Vfs* vfs);

    [StructLayout(LayoutKind.Sequential)]
    public struct Vfs
    {
        public int Version;
        public int OsFileSize;
        public int MaxPathName;
        public nint Next;
        public nint Name;
        public nint AppData;
        public delegate* unmanaged<Vfs*, byte*, OpenFile*, int, int*, int> Open;
        public delegate* unmanaged<Vfs*, byte*, int, int> Delete;
        public Rest Others;
    }

    /// <summary>xAccess to xNextSystemCall, which stay as they are.</summary>
    [System.Runtime.CompilerServices.InlineArray(14)]
    public struct Rest
    {
        private nint _first;
    }

    /// <summary>The head of a <c>sqlite3_file</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct OpenFile
    {
        public Methods* Methods;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Methods
    {
        public int Version;
        public delegate* unmanaged<OpenFile*, int> Close;
        public delegate* unmanaged<OpenFile*, byte*, int, long, int> Read;
        public delegate* unmanaged<OpenFile*, byte*, int, long, int> Write;
        public delegate* unmanaged<OpenFile*, long, int> Truncate;
        public delegate* unmanaged<OpenFile*, int, int> Sync;
        public Unchanged Others;
    }

    /// <summary>xFileSize to xUnfetch, the shared-memory methods among them.</summary>
    [System.Runtime.CompilerServices.InlineArray(13)]
    public struct Unchanged
    {
        private nint _first;
    }
}
