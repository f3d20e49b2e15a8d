using System.Runtime.InteropServices;

namespace OffLM.Edge.Tests.Harness;

/// <summary>Where the published program is, and that it is the one made from these sources.</summary>
internal static class PublishedProgram
{
    private static readonly Lazy<string> FoundFolder = new(Find);

    /// <summary>The repository's root, found by walking up from the test assembly.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The published folder.</summary>
    /// <exception cref="InvalidOperationException">It is missing or older than the sources; says what to do.</exception>
    public static string Folder => FoundFolder.Value;

    /// <summary>The program in it.</summary>
    public static string Binary => Path.Combine(Folder, "offlm-edge");

    /// <summary>The operator's program in it.</summary>
    public static string Fleet => Path.Combine(Folder, "offlm-fleet");

    private static string Find()
    {
        var runtime = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "linux-arm64" : "linux-x64";
        var folder = Path.Combine(Repository, "artifacts", "publish", runtime);
        var stamp = new FileInfo(Path.Combine(folder, ".sources.sha256"));
        if (!stamp.Exists)
        {
            throw new InvalidOperationException($"These tests use the published program, and there is none in {folder}. Run scripts/publish, or scripts/test, which does.");
        }

        var newer = new DirectoryInfo(Path.Combine(Repository, "src")).EnumerateFiles("*.cs", SearchOption.AllDirectories)
            .FirstOrDefault(f => f.LastWriteTimeUtc > stamp.LastWriteTimeUtc && !IsBuilt(f.FullName));
        return newer is null
            ? folder
            : throw new InvalidOperationException($"The published program is older than {newer.FullName}. Run scripts/publish, or scripts/test, which does.");
    }

    private static bool IsBuilt(string path) => path.Contains("/obj/", StringComparison.Ordinal) || path.Contains("/bin/", StringComparison.Ordinal);

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "OffLM.Edge.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds OffLM.Edge.sln.");
    }
}
