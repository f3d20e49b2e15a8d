using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace OffLM.Edge.Bench.Ledgers;

/// <summary>
/// The least that a durable write costs here: 4 KiB and fdatasync, over and over in a file whose blocks are there already, as in a
/// write-ahead log in use.
/// </summary>
internal sealed partial class DiskSync : IDisposable
{
    private const int BlockBytes = 4096;
    private const int Blocks = 1024;

    private readonly SafeFileHandle _file;
    private readonly byte[] _block = new byte[BlockBytes];
    private int _next;

    public DiskSync(string path)
    {
        _file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        for (var i = 0; i < Blocks; i++)
        {
            Write();
        }

        Sync();
    }

    /// <summary>Seconds of one write and its fdatasync.</summary>
    public double WriteAndSync()
    {
        var begun = Stopwatch.GetTimestamp();
        Write();
        Sync();
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    public void Dispose() => _file.Dispose();

    private void Write()
    {
        Random.Shared.NextBytes(_block);
        RandomAccess.Write(_file, _block, (long)(_next++ % Blocks) * BlockBytes);
    }

    private void Sync()
    {
        if (fdatasync(_file) != 0)
        {
            throw new IOException($"fdatasync failed: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fdatasync(SafeFileHandle file);
}
