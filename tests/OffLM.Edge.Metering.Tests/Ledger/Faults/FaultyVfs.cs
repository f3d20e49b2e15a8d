using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using static OffLM.Edge.Metering.Tests.Ledgers.Faults.SqliteVfs;

namespace OffLM.Edge.Metering.Tests.Ledgers.Faults;

/// <summary>
/// A SQLite file system layer over the system's own: it writes down every write, sync, truncation and deletion, and fails
/// those that a test names. The files are real ones.
/// </summary>
internal sealed unsafe class FaultyVfs : IDisposable
{
    public const int IoErrorRead = 10 | (1 << 8);
    public const int ShortRead = 10 | (2 << 8);
    public const int IoErrorWrite = 10 | (3 << 8);
    public const int IoErrorSync = 10 | (4 << 8);
    public const int DiskFull = 13;

    private const int OpenCreate = 0x4;

    private static readonly ConcurrentDictionary<nint, FaultyVfs> Layers = new();
    private static readonly ConcurrentDictionary<nint, OpenedFile> Files = new();

    private readonly Vfs* _vfs;
    private readonly Vfs* _system;
    private readonly List<FileOperation> _log = [];

    public FaultyVfs()
    {
        _ = sqlite3_initialize();
        Name = $"faulty-{Guid.NewGuid():N}";
        _system = sqlite3_vfs_find(0);
        _vfs = (Vfs*)NativeMemory.Alloc((nuint)sizeof(Vfs));
        *_vfs = *_system;
        _vfs->Name = Marshal.StringToCoTaskMemUTF8(Name);
        _vfs->Open = &Open;
        _vfs->Delete = &Delete;
        Layers[(nint)_vfs] = this;
        _ = sqlite3_vfs_register(_vfs, 0);
    }

    public string Name { get; }

    /// <summary>Asked before each operation; another answer than 0 is the SQLite error that it fails with.</summary>
    public Func<FileOperation, int>? Fault { get; set; }

    /// <summary>How many operations were carried out so far; reads are not counted.</summary>
    public int Count
    {
        get
        {
            lock (_log)
            {
                return _log.Count;
            }
        }
    }

    public FileOperation[] Log
    {
        get
        {
            lock (_log)
            {
                return [.. _log];
            }
        }
    }

    public void Dispose()
    {
        _ = sqlite3_vfs_unregister(_vfs);
        Layers.TryRemove((nint)_vfs, out _);
        Marshal.FreeCoTaskMem(_vfs->Name);
        NativeMemory.Free(_vfs);
    }

    private int Apply(FileOperation operation, Func<int> run)
    {
        var error = Fault?.Invoke(operation) ?? 0;
        if (error == 0 && (error = run()) == 0 && operation.Action != FileAction.Read)
        {
            lock (_log)
            {
                _log.Add(operation);
            }
        }

        return error;
    }

    [UnmanagedCallersOnly]
    private static int Open(Vfs* vfs, byte* name, OpenFile* file, int flags, int* outFlags)
    {
        var layer = Layers[(nint)vfs];
        var path = Marshal.PtrToStringUTF8((nint)name);
        var isNew = path is not null && (flags & OpenCreate) != 0 && !File.Exists(path);
        var result = layer._system->Open(vfs, name, file, flags, outFlags);
        if (result != 0 || path is null)
        {
            return result;
        }

        var system = file->Methods;
        var methods = (Methods*)NativeMemory.Alloc((nuint)sizeof(Methods));
        *methods = *system;
        methods->Close = &Close;
        methods->Read = &Read;
        methods->Write = &Write;
        methods->Truncate = &Truncate;
        methods->Sync = &Sync;
        file->Methods = methods;
        var opened = new OpenedFile(layer, Path.GetFileName(path), (nint)system, (nint)methods);
        Files[(nint)file] = opened;
        return isNew ? layer.Apply(new(FileAction.Create, opened.Name, 0, []), () => 0) : 0;
    }

    [UnmanagedCallersOnly]
    private static int Delete(Vfs* vfs, byte* name, int syncFolder)
    {
        var (layer, path) = (Layers[(nint)vfs], Marshal.PtrToStringUTF8((nint)name)!);
        return layer.Apply(new(FileAction.Delete, Path.GetFileName(path), syncFolder, []), () => layer._system->Delete(vfs, name, syncFolder));
    }

    [UnmanagedCallersOnly]
    private static int Close(OpenFile* file)
    {
        Files.TryRemove((nint)file, out var opened);
        var result = opened!.System->Close(file);
        NativeMemory.Free((void*)opened.OwnMethods);
        return result;
    }

    [UnmanagedCallersOnly]
    private static int Read(OpenFile* file, byte* buffer, int size, long offset)
    {
        var opened = Files[(nint)file];
        // The part that can't be read must be zeroes, https://sqlite.org/c3ref/io_methods.html; a fault reads nothing at all.
        new Span<byte>(buffer, size).Clear();
        return opened.Layer.Apply(new(FileAction.Read, opened.Name, offset, []), () => opened.System->Read(file, buffer, size, offset));
    }

    [UnmanagedCallersOnly]
    private static int Write(OpenFile* file, byte* data, int size, long offset)
    {
        var opened = Files[(nint)file];
        return opened.Layer.Apply(
            new(FileAction.Write, opened.Name, offset, new Span<byte>(data, size).ToArray()), () => opened.System->Write(file, data, size, offset));
    }

    [UnmanagedCallersOnly]
    private static int Truncate(OpenFile* file, long size)
    {
        var opened = Files[(nint)file];
        return opened.Layer.Apply(new(FileAction.Truncate, opened.Name, size, []), () => opened.System->Truncate(file, size));
    }

    [UnmanagedCallersOnly]
    private static int Sync(OpenFile* file, int flags)
    {
        var opened = Files[(nint)file];
        return opened.Layer.Apply(new(FileAction.Sync, opened.Name, 0, []), () => opened.System->Sync(file, flags));
    }

    private sealed record OpenedFile(FaultyVfs Layer, string Name, nint SystemMethods, nint OwnMethods)
    {
        public Methods* System => (Methods*)SystemMethods;
    }
}
