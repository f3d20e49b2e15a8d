namespace OffLM.Edge.Metering.Tests.Ledgers;

/// <summary>A folder of a test's own, gone at its end.</summary>
/// <param name="inMemory">Where the system has a file system in memory: for tests of what is written, not of how long it takes.</param>
internal sealed class TempFolder(bool inMemory = false) : IDisposable
{
    private const string Memory = "/dev/shm";

    private readonly DirectoryInfo _folder = inMemory && Directory.Exists(Memory)
        ? Directory.CreateDirectory($"{Memory}/offlm-ledger-{Guid.NewGuid():N}")
        : Directory.CreateTempSubdirectory("offlm-ledger-");

    public string Path => _folder.FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
