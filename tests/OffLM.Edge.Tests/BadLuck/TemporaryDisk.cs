using OffLM.Edge.Tests.Harness;

namespace OffLM.Edge.Tests.BadLuck;

/// <summary>A small file system in memory, to be filled. Mounting needs root, as installing what the tests need does.</summary>
internal sealed class TemporaryDisk : IAsyncDisposable
{
    private readonly Scratch _scratch = new();

    private TemporaryDisk()
    {
    }

    public string Root => _scratch["disk"];

    private string Ballast => Path.Combine(Root, "ballast");

    public static async Task<TemporaryDisk> MountAsync(int mebibytes)
    {
        var disk = new TemporaryDisk();
        Directory.CreateDirectory(disk.Root);
        (await AsRootAsync("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m,mode=0777", "tmpfs", disk.Root)).Succeeded();
        return disk;
    }

    /// <summary>Takes up all space but this much.</summary>
    public void FillUpTo(long leftBytes)
    {
        using var file = new FileStream(Ballast, FileMode.Append);
        var block = new byte[4096];
        try
        {
            while (new DriveInfo(Root).AvailableFreeSpace > leftBytes)
            {
                file.Write(block);
                file.Flush();
            }
        }
        catch (IOException)
        {
            // Full to the last block, which is as asked.
        }
    }

    public void Free() => File.Delete(Ballast);

    public async ValueTask DisposeAsync()
    {
        (await AsRootAsync("umount", Root)).Succeeded();
        _scratch.Dispose();
    }

    private static Task<CommandResult> AsRootAsync(params string[] command) => Environment.IsPrivilegedProcess
        ? Command.RunAsync(command[0], command[1..])
        : Command.RunAsync("sudo", ["-n", .. command]);
}
