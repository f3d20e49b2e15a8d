namespace OffLM.Edge.Bench;

/// <summary>A folder for one measurement.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder(string path) => Path = Directory.CreateDirectory(path).FullName;

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
