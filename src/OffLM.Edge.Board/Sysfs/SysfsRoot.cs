using System.Globalization;

namespace OffLM.Edge.Board.Sysfs;

/// <summary>The folder under which <c>/sys</c>, <c>/proc</c> and <c>/etc</c> are read: the real root, a recorded tree, or a simulated one.</summary>
public sealed class SysfsRoot
{
    private readonly string _prefix;

    /// <param name="path">The folder; <c>/</c> for the machine itself.</param>
    public SysfsRoot(string path = "/")
    {
        Path = System.IO.Path.GetFullPath(path);
        _prefix = Path == "/" ? "" : Path.TrimEnd('/');
    }

    /// <summary>The folder's full path.</summary>
    public string Path { get; }

    /// <summary>True for the machine itself.</summary>
    public bool IsMachine => _prefix.Length == 0;

    /// <summary>Where a path such as <c>/sys/class/hwmon</c> really is.</summary>
    public string In(string path) => _prefix + path;

    /// <summary>The folders in a folder, in the order of the numbers at their ends; empty if it isn't there.</summary>
    /// <param name="path">Without the root.</param>
    /// <param name="pattern">Shell wildcards.</param>
    /// <returns>Real paths.</returns>
    public IReadOnlyList<string> Folders(string path, string pattern)
    {
        try
        {
            return [.. Directory.EnumerateDirectories(In(path), pattern).OrderBy(f => f.Length).ThenBy(f => f, StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>A small file's text without what trails it, for reads that are rare; null if it can't be read or is empty.</summary>
    /// <param name="realPath">With the root.</param>
    public static string? Text(string realPath)
    {
        try
        {
            var text = File.ReadAllText(realPath).Trim('\0', ' ', '\t', '\r', '\n');
            return text.Length > 0 ? text : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A whole number in a small file, for reads that are rare; null if there is none.</summary>
    /// <param name="realPath">With the root.</param>
    public static long? Number(string realPath) =>
        long.TryParse(Text(realPath), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;
}
